"""Decide from all texts of a record at once that no check of its marks, letters and lengths can fail.

Most records hold nothing that any of the checks looks for. A property test (test_check_unremarkable.py) holds
that each of the checks but `EXEMPT` passes the records that are unremarkable here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lf_qwen3.data.row_defects import find_markup, find_placeholder
from lf_qwen3.proof.check.rules.records.sample import Sample
from lf_qwen3.qwen3 import foreign_tags

EXEMPT = ("repeats",)
"""The checks that an unremarkable record gets all the same."""

_LEAST_ANSWER = 16
"""Characters; shorter answers are looked at: `placeholder_answer`, `short_answer`."""
_SIGNS = ("\0", "###", "\ufffd", "INST]")
_GARBLED = ("锟斤拷", "烫烫烫", "屯屯屯")
_find_mark = re.compile(
    rf"<(?:\||/s>|</?SYS>>|[ \t]*/?[ \t]*think|/?tool_|(?:start|end)_of_turn>|(?:{foreign_tags.NAMES})>)",
    re.IGNORECASE,
).search
"""Whatever a check may take for a mark in any text; HTML, code and formulas hold `<` too."""


def is_unremarkable(sample: Sample) -> bool:
    """Return whether every check of a record but `EXEMPT` would pass; false where one has to look closer."""
    if sample.record.rejected is not None:
        return False
    pieces = [text for _, text in sample.prompts]
    for text in sample.assistant_texts:
        if text.fault or text.parts.repairs:
            return False
        if text.parts.thinking:
            pieces.append(text.parts.thinking)
        pieces.append(text.parts.answer)
    answers = [text.parts.answer for text in sample.learnt_texts]
    return all(map(is_ordinary_answer, answers)) and hold_nothing(pieces)


def is_ordinary_answer(answer: str) -> bool:
    """Return whether no check of answers to learn alone finds fault with one."""
    is_long = len(answer.strip()) >= _LEAST_ANSWER
    has_line_ends = "\n" in answer or not _hold("\\n", answer)
    return is_long and has_line_ends and not find_markup(answer) and not find_placeholder(answer)


def hold_nothing(pieces: Sequence[str]) -> bool:
    """Return whether some texts are not blank, and hold no mark and no letter that a check looks for."""
    if any(not piece or piece.isspace() for piece in pieces):
        return False
    joined = "\n\n".join(pieces)
    if any(_hold(sign, joined) for sign in _SIGNS) or ("<" in joined and _find_mark(joined)):
        return False
    return joined.isascii() or not _may_be_garbled(joined)


def _may_be_garbled(text: str) -> bool:
    """Return whether a text may have been decoded wrongly: most such letters begin with one byte in UTF-8."""
    return any(_hold(sign, text) for sign in _GARBLED) or b"\xc3" in text.encode("utf-8", "surrogatepass")


def _hold(sign: str, text: str) -> bool:
    """Return whether a sign is in a text; one character is looked for in a third of the time of several."""
    return sign[0] in text and sign in text
