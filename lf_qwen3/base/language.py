"""Detect the main script of a text: Chinese, Japanese and Korean characters, or Latin letters."""

from __future__ import annotations

import re

CJK, LATIN = "CJK", "Latin"

_CODE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|https?://[!-~]+|\$\$.*?\$\$|\$[^$\n]*\$|\\\(.*?\\\)|\\\[.*?\\\]", re.DOTALL
)
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")
_CLEAR = 0.7
_ENOUGH = {"question": 2, "answer": 8}


def detect_script(text: str, what: str = "answer") -> str | None:
    """Return CJK or LATIN where at least 70 % of the text is of one, None where it is mixed or too short.

    A CJK character counts like a Latin word of two letters or more. Code, links and formulas do not count. An
    answer needs 8 of them, a question ("question") 2.
    """
    prose = _CODE.sub(" ", text)
    cjk, latin = len(_CJK.findall(prose)), len(_LATIN.findall(prose))
    if cjk + latin < _ENOUGH[what]:
        return None
    if cjk >= _CLEAR * (cjk + latin):
        return CJK
    return LATIN if latin >= _CLEAR * (cjk + latin) else None


def is_wrong_language(question: str, answer: str, label: str) -> bool | None:
    """Return whether an answer is not in the script of its question, nor in that of the reference answer.

    None where the script of the question or of the answer is not clear: mixed, or too short to tell.
    """
    question_script, answer_script = detect_script(question, "question"), detect_script(answer)
    if question_script is None or answer_script is None:
        return None
    return answer_script not in (question_script, detect_script(label, "question"))
