"""The 95 % interval of a mean and of a rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lf_qwen3.results.score.result import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

RESAMPLES = 1000
LEVEL = 0.95

_Z = 1.959963984540054  # the normal quantile that leaves 2.5 % above it
_CELLS = 2_000_000


def means(columns: Mapping[str, Sequence[float | None]], seed: int = 42) -> dict[str, Figure]:
    """Return the mean of each column with its bootstrap interval: percentiles of 1,000 resamples of the rows.

    All columns are as long as each other and are resampled together; None does not count. Two rows at least
    are needed for an interval. The same columns and seed give the same intervals.
    """
    import numpy as np

    names = list(columns)
    table = np.array([[math.nan if v is None else v for v in columns[name]] for name in names], dtype=float)
    counts = (~np.isnan(table)).sum(axis=1) if names else []
    if not names or table.shape[1] == 0:
        return {name: Figure(0) for name in names}
    there = (~np.isnan(table)).astype(float).T
    filled = np.nan_to_num(table).T
    drawn = [_divided(weights @ filled, weights @ there) for weights in _resamples(table.shape[1], seed)]
    with np.errstate(all="ignore"):
        edges = _edges(np.concatenate(drawn))
    values = _divided(filled.sum(axis=0), there.sum(axis=0))
    return {
        name: _figure(int(counts[at]), values[at], edges[0][at], edges[1][at])
        for at, name in enumerate(names)
    }


def rate(flags: Sequence[bool | None]) -> Figure:
    """Return the share of True among the flags that are not None, with Wilson's score interval (Wilson 1927).

    Unlike a bootstrap it does not shrink to nothing where no row, or every row, has the flag.
    """
    known = [flag for flag in flags if flag is not None]
    n, hits = len(known), sum(known)
    if not n:
        return Figure(0)
    share, z2 = hits / n, _Z * _Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low = 0.0 if not hits else middle - half
    return Figure(n, share, low, 1.0 if hits == n else middle + half)


def _figure(n: int, value: float, low: float, high: float) -> Figure:
    if n < 2:
        return Figure(n, float(value)) if n else Figure(0)
    return Figure(n, float(value), float(low), float(high))


def _resamples(rows: int, seed: int) -> Iterator[Any]:
    """Yield blocks of resamples: how often each row was drawn, one resample a line."""
    import numpy as np

    random = np.random.default_rng(seed)
    block = max(1, min(RESAMPLES, _CELLS // rows))
    for start in range(0, RESAMPLES, block):
        lines = min(block, RESAMPLES - start)
        drawn = random.integers(rows, size=(lines, rows)) + np.arange(lines)[:, None] * rows
        yield np.bincount(drawn.ravel(), minlength=lines * rows).reshape(lines, rows).astype(float)


def _divided(sums: Any, counts: Any) -> Any:
    """Divide, NaN where nothing was drawn."""
    import numpy as np

    return np.divide(sums, counts, out=np.full_like(sums, math.nan), where=counts > 0)


def _edges(drawn: Any) -> Any:
    """Return the two percentiles of each column, over the resamples that drew a row that counts."""
    import warnings

    import numpy as np

    tail = (1 - LEVEL) / 2 * 100
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column in which no row counts
        return np.nanpercentile(drawn, [tail, 100 - tail], axis=0)
