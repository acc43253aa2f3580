"""The token figures of a dataset as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lf_qwen3.proof.check.token_counter import PARTS
from lf_qwen3.qwen3.thinking import CLOSE


def token_lines(name: str, figures: dict[str, Any]) -> Iterator[str]:
    """Yield what --json says of one dataset's tokens, in lines of at most 80 characters."""
    yield f"{name}: {figures['tokens']:,} tokens in {figures['records']:,} records"
    yield f"  {'kind':<10}{'part':<10}{'median':>10}{'95 %':>10}{'longest':>10}"
    for kind, parts in figures["lengths"].items():
        for part in PARTS:
            spread = parts[part]
            if spread["max"]:
                numbers = "".join(f"{spread[key]:>10,}" for key in ("median", "95%", "max"))
                yield f"  {kind:<10}{part:<10}{numbers}"
        yield from _histogram(kind, parts["whole"]["histogram"])
    lost = (
        f"{figures['cut_loses_think_close']:,} lose {CLOSE}, {figures['cut_loses_im_end']:,} lose <|im_end|>"
    )
    yield f"  cutoff_len {figures['cutoff_len']:,} truncates {figures['cut']:,} records" + f"; {lost}" * bool(
        figures["cut"]
    )
    keeps = ", ".join(f"{share} by {length:,}" for share, length in figures["cutoff_len_that_keeps"].items())
    yield f"  kept whole: {keeps}"
    yield f"  in the loss: {figures['in_loss_per_epoch']:,} tokens per epoch"
    padding, packing = f"{figures['padding_waste']:.0%}", f"{figures['packing_waste']:.0%}"
    yield f"  padding: {padding} at batch size {figures['batch_size']}; with packing: {packing}"


def _histogram(kind: str, counted: dict[str, int]) -> Iterator[str]:
    """Yield one bar for each bucket that holds records."""
    most = max(counted.values(), default=1)
    for bucket, records in counted.items():
        bar = "#" * max(round(24 * records / most), 1)
        yield f"  {kind:<10}{bucket + ' tokens':<16}{records:>8,} {bar}"
