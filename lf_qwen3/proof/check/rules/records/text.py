"""Damage to the characters of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lf_qwen3.data.row_defects import has_nul
from lf_qwen3.proof.check.rules.records.sample import Sample, sample_of
from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.qwen3.thinking import excerpt

_GOOD = sample_of("Où est le café?", "À côté — là-bas.")

_MOJIBAKE = re.compile(
    "\ufffd"
    "|锟斤拷|烫烫烫|屯屯屯"
    "|â€[\u0080-\u009f™œžŸš›˜”“‘’¢£¤¦]"
    "|Ã[\u0080-\u00bf]"
    "|Â[\u00a0-\u00bf]"
    "|ï»¿"
    "|(?:[ä-é][\u0080-\u00bf]{2}){2}"
)

_SUSPECT = re.compile("[\ufffd锟烫屯ÂÃâä-éï]")
"""One class of characters is looked for ten times as fast as the patterns that begin with them."""


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
        if text.isascii() or not _SUSPECT.search(text):
            continue
        if damage := _MOJIBAKE.search(text):
            return Fault(f"{where}: {excerpt(text[max(damage.start() - 10, 0) :], 24)!r}")
    return PASS


def _texts(sample: Sample) -> Iterator[tuple[str, str]]:
    yield from sample.prompts
    for answer in sample.assistant_texts:
        yield answer.where, answer.text
