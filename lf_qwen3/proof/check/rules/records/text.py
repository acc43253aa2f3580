"""Damage to the characters of a text."""

from __future__ import annotations

from collections.abc import Iterator

from lf_qwen3.data.row_defects import find_mojibake, has_nul
from lf_qwen3.proof.check.rules.records.sample import Sample, sample_of
from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.qwen3.thinking import excerpt

_GOOD = sample_of("Où est le café?", "À côté — là-bas.")


@check(
    "nul",
    "error",
    "a text contains a NUL character",
    "remove it: no tokenizer has a use for it",
    good=_GOOD,
    bad=sample_of("a\0b", "a"),
)
def nul(sample: Sample) -> CheckResult:
    """Require texts without U+0000."""
    return next((Fault(where) for where, text in _texts(sample) if has_nul(text)), PASS)


@check(
    "mojibake",
    "warning",
    "a text was decoded with the wrong encoding (mojibake)",
    "export the source again as UTF-8: the original characters cannot be recovered from this text",
    good=_GOOD,
    bad=sample_of("q", "It isnâ€™t."),
)
def mojibake(sample: Sample) -> CheckResult:
    """Require texts without U+FFFD, and without what UTF-8 looks like in Latin-1 and GBK."""
    for where, text in _texts(sample):
        if damage := find_mojibake(text):
            return Fault(f"{where}: {excerpt(damage, 24)!r}")
    return PASS


def _texts(sample: Sample) -> Iterator[tuple[str, str]]:
    yield from sample.prompts
    for answer in sample.assistant_texts:
        yield answer.where, answer.text
