"""Decide from all texts of a record at once that no check of its marks, letters and lengths can fail.

Most records hold nothing that any of the checks looks for. A property test (test_check_unremarkable.py) holds
that each of the checks but `EXEMPT` passes the records that are unremarkable here.
"""

from __future__ import annotations

from lf_qwen3.proof.check.rules.records.sample import Sample

EXEMPT = ("repeats",)
"""The checks that an unremarkable record gets all the same."""

_LEAST_ANSWER = 16
"""Characters; shorter answers are looked at: `placeholder_answer`, `short_answer`."""
_SIGNS = ("\0", "<", "\\n", "{{", "###", "&", "\ufffd")
_GARBLED = ("锟斤拷", "烫烫烫", "屯屯屯")


def is_unremarkable(sample: Sample) -> bool:
    """Return whether every check of a record but `EXEMPT` would pass; false where one has to look closer."""
    if sample.record.rejected is not None:
        return False
    pieces = [text for _, text in sample.prompts]
    for text in sample.assistant_texts:
        answer = text.parts.answer
        if text.fault or text.parts.repairs or not answer or answer.isspace():
            return False
        if text.parts.thinking:
            pieces.append(text.parts.thinking)
        pieces.append(answer)
    if any(not piece or piece.isspace() for piece in pieces):
        return False
    if any(len(text.parts.answer.strip()) < _LEAST_ANSWER for text in sample.learnt_texts):
        return False
    joined = "\n\n".join(pieces)
    if any(sign in joined for sign in _SIGNS) or ("[" in joined and "INST]" in joined):
        return False
    return joined.isascii() or not _may_be_garbled(joined)


def _may_be_garbled(text: str) -> bool:
    """Return whether a text may have been decoded wrongly: most such letters begin with one byte in UTF-8."""
    return any(sign in text for sign in _GARBLED) or b"\xc3" in text.encode("utf-8", "surrogatepass")
