"""Turn counted tokens into the figures that a person decides by."""

from __future__ import annotations

import random
from bisect import bisect_right, insort
from collections.abc import Sequence
from math import ceil
from typing import Any

from lf_qwen3.proof.check.token_counter import KINDS, PARTS, TokenCounts

KEEPS = (95, 99, 100)
BUCKETS = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)

_PADDED_TO = 8  # data/collator.py: pad_to_multiple_of
_PACKED_AT_ONCE = 1000  # preprocessing_batch_size


def token_figures(counts: TokenCounts, batch_size: int) -> dict[str, Any]:
    """Return the figures of one dataset, as --json prints them; lengths are those before the cut."""
    wholes = counts.wholes()
    kinds = {kind: counts.kinds[kind] for kind in KINDS if counts.kinds[kind].parts["whole"]}
    return {
        "cutoff_len": counts.cutoff_len,
        "records": len(wholes),
        "tokens": sum(wholes),
        "in_loss_per_epoch": counts.learnt,
        "cut": counts.cut,
        "cut_loses_think_close": counts.lost_close,
        "cut_loses_im_end": counts.lost_end,
        "cutoff_len_that_keeps": {f"{share}%": percentile(wholes, share) for share in KEEPS},
        "lengths": {
            kind: {part: _spread(sorted(lengths.parts[part])) for part in PARTS}
            for kind, lengths in kinds.items()
        },
        "batch_size": batch_size,
        "padding_waste": round(padding_waste(counts.kept, batch_size), 4),
        "packing_waste": round(packing_waste(counts.kept, counts.cutoff_len), 4),
    }


def percentile(ordered: Sequence[int], share: float) -> int:
    """Return the smallest length that `share` percent of the ordered lengths do not exceed; 0 for none."""
    return ordered[max(ceil(len(ordered) * share / 100), 1) - 1] if ordered else 0


def padding_waste(lengths: Sequence[int], batch_size: int, seed: int = 42) -> float:
    """Return the share of padding in shuffled batches, each padded to its longest record."""
    shuffled = list(lengths)
    random.Random(seed).shuffle(shuffled)
    padded = 0
    for at in range(0, len(shuffled), batch_size):
        batch = shuffled[at : at + batch_size]
        padded += ceil(max(batch) / _PADDED_TO) * _PADDED_TO * len(batch)
    return 1 - sum(shuffled) / padded if padded else 0.0


def packing_waste(lengths: Sequence[int], cutoff_len: int) -> float:
    """Return the share of padding in rows of cutoff_len, filled greedily as processor_utils.py fills them."""
    rows = count_packed_rows(lengths, cutoff_len)
    return 1 - sum(lengths) / (rows * cutoff_len) if rows else 0.0


def count_packed_rows(lengths: Sequence[int], cutoff_len: int) -> int:
    """Return how many rows of cutoff_len the records fill."""
    batches = (lengths[at : at + _PACKED_AT_ONCE] for at in range(0, len(lengths), _PACKED_AT_ONCE))
    return sum(_packed(batch, cutoff_len) for batch in batches)


def _packed(lengths: Sequence[int], cutoff_len: int) -> int:
    left: list[int] = []
    for length in lengths:
        insort(left, length)
    rows = 0
    while left:
        room = cutoff_len
        rows += 1
        while (at := bisect_right(left, room)) and left:
            room -= left.pop(at - 1)
        if room == cutoff_len:
            left.pop()  # longer than a row; the trainer drops it
    return rows


def _spread(ordered: Sequence[int]) -> dict[str, Any]:
    counted: dict[str, int] = {}
    before = 0
    for bound in BUCKETS:
        upto = bisect_right(ordered, bound)
        if upto > before:
            counted[f"to {bound}"] = upto - before
        before = upto
    if before < len(ordered):
        counted[f"over {BUCKETS[-1]}"] = len(ordered) - before
    return {
        "median": percentile(ordered, 50),
        "95%": percentile(ordered, 95),
        "max": ordered[-1] if ordered else 0,
        "histogram": counted,
    }
