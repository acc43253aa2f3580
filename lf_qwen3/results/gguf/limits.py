"""How much of the tuning a file kept, and how much it must keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lf_qwen3.base.errors import LfQwen3Error, UsageError

LIMITS = {"F16": 0.99, "Q8_0": 0.98, "Q5_K_M": 0.95, "Q4_K_M": 0.90}
"""The least share of the tuning that a type must keep: what good files kept, and some room."""

MOST_KL = 1e-3
"""Nats a token by which a 16-bit file may part from base and adapter; rounding made 1e-4 at most."""

LEAST_KL = 1e-3
"""Nats a token by which the tuned model must part from the base: below that there is no tuning to keep."""

MOST_DELTA_ERROR = 0.1
"""Relative error of what the merge added to a matrix; float16 made 0.06 with a very weak adapter."""

MOST_SPAN = 0.2
"""Width of the interval of a share that can still be judged."""

_RESAMPLES, _SEED = 1000, 42


class Estimate(NamedTuple):
    """A value and its 95 % interval over resampled rows."""

    value: float
    low: float
    high: float


def estimate_gain(tuned: Sequence[float], base: Sequence[float], tokens: Sequence[int]) -> Estimate:
    """Return by how many nats a token the tuned model gives the reference answers more likelihood.

    Each sequence has a sum or a count for each row.
    """
    return _resample([t - b for t, b in zip(tuned, base, strict=True)], tokens)


def estimate_kept(model: Sequence[float], tuned: Sequence[float], base: Sequence[float]) -> Estimate:
    """Return `(LL(model) - LL(base)) / (LL(tuned) - LL(base))`: 1 where all is kept, 0 where nothing is.

    Each sequence has a row's summed log-likelihood of its reference answer.
    """
    kept = [m - b for m, b in zip(model, base, strict=True)]
    return _resample(kept, [t - b for t, b in zip(tuned, base, strict=True)])


def choose_limit(kind: str, own: float | None) -> float:
    """Return the limit of a type, or one's own. Raises `UsageError` for a type without one."""
    if own is not None:
        return own
    if kind not in LIMITS:
        raise UsageError(
            f"there is no measured limit for {kind}",
            f"set your own, such as --limit 0.8, or use one of {', '.join(LIMITS)}",
            code="option_missing",
        )
    return LIMITS[kind]


def require_effect(gain: Estimate, kl: float) -> None:
    """Raise `LfQwen3Error` where the tuning does nothing measurable for the held-out rows."""
    if gain.low > 0 and kl >= LEAST_KL:
        return
    raise LfQwen3Error(
        f"the tuning has no effect on the test rows: {gain.value:+.4f} nats per token ({gain.low:+.4f} "
        f"to {gain.high:+.4f}), KL divergence to the base {kl:.2g}: there is nothing to keep",
        "lf-qwen3 diagnose RUN_DIR says whether the training went well; --dataset NAME "
        "measures on other rows",
        code="tuning_without_effect",
    )


def require_kept(what: str, kind: str, kept: Estimate, limit: float, code: str) -> None:
    """Raise `LfQwen3Error` (`code`) for a model or file that kept less than `limit` of the tuning."""
    said = f"{what} kept {kept.value:.1%} of the tuning ({kept.low:.1%} to {kept.high:.1%})"
    if not kept.value >= limit:
        raise LfQwen3Error(f"{said}; the limit is {100 * limit:.3g}%", _advise(kind), code=code)
    if kept.high - kept.low > MOST_SPAN:
        raise LfQwen3Error(
            f"{said}: too few rows to judge", "measure on more: --rows 200", code="too_few_rows"
        )


def require_same(what: str, kl: float, code: str) -> None:
    """Raise `LfQwen3Error` (`code`) for a 16-bit model whose predictions part from the tuned model's."""
    if not kl <= MOST_KL:
        raise LfQwen3Error(
            f"{what} is not the tuned model: KL divergence {kl:.2g} nats per token, the limit "
            f"is {MOST_KL:.0e}",
            "16 bits lose almost nothing: something went wrong before this step",
            code=code,
        )


def _advise(kind: str) -> str:
    """Say which larger type to take."""
    kinds = list(LIMITS)
    larger = kinds[1 : kinds.index(kind)] if kind in kinds[1:] else kinds[1:]
    if kind == "F16":
        return "16 bits lose almost nothing: something went wrong before this step"
    if not larger:
        return "ship the F16 file, or train with a larger lora_rank"
    return f"use the larger type: --quant {larger[-1]}"


def _resample(above: Sequence[float], below: Sequence[float]) -> Estimate:
    """Return the ratio of two sums with percentiles over 1,000 resamples of the rows."""
    import numpy as np

    pair: Any = np.array([above, below], dtype=float)
    drawn = np.random.default_rng(_SEED).integers(pair.shape[1], size=(_RESAMPLES, pair.shape[1]))
    with np.errstate(all="ignore"):
        value = pair[0].sum() / pair[1].sum()
        if not np.isfinite(value):
            return Estimate(float(value), float(value), float(value))
        sums = pair[:, drawn].sum(axis=2)
        low, high = np.nanpercentile(sums[0] / sums[1], [2.5, 97.5])
    return Estimate(float(value), float(low), float(high))
