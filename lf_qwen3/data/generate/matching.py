"""Whether two answers come to the same: as text, as a number, as a choice, as mathematics."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Literal

from lf_qwen3.base import math_answers

MatchKind = Literal["exact", "number", "choice", "math"]

_SHORT = 60
"""Characters of a reference that is an answer and no explanation."""
_WORDS, _CHARACTERS = 5, 15
"""Of a text that can be compared as it is: a name, a word, and no sentence."""

_NUMBER = r"[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?"
_FIND_NUMBER = re.compile(rf"(?<![A-Za-z0-9_.])({_NUMBER})\s*(%|[a-zA-Zµμ°]+\b(?!\()|[a-zA-Zµμ]+/[a-zA-Z]+)?")
_ONLY_NUMBER = re.compile(
    rf"(?:[$€£¥￥]\s*)?({_NUMBER})\s*"
    r"(%|percent|[a-zA-Zµμ°]{1,12}(?:/[a-zA-Z]+)?|[元个人天年月岁只条米千克吨升分秒小时种次名本支块]{1,3})?\.?"
)
_CHOICE = re.compile(r"[(（\[]?([A-Ja-j])[)）\].。:：、]?")
_NAMED_CHOICE = re.compile(
    r"(?:answer|option|choice|correct|答案|选项?|选择|正确|故选)[^A-Za-z\n]{0,12}?(?:is|are|为|是|：|:|应选)?\s*"
    r"[*(（\[]*(?-i:([A-J]))(?![A-Za-z'’])",
    re.IGNORECASE,
)
_FIRST_CHOICE = re.compile(r"\s*[*(（\[]*([A-J])(?:[)）\].:：、*]|\s*$)", re.MULTILINE)
_SAID = re.compile(
    r"(?:(?:final |correct )?answer\s*(?:is|was|:|=)|答案\s*(?:是|为|：|:)|答\s*[：:]|答えは"
    r"|(?:因此|所以|故)[，,]?\s*(?:答案)?(?:是|为))\s*[:：]?\s*(.+)",
    re.IGNORECASE,
)
_HASHES = re.compile(r"####\s*(.+)")
_LATEX = re.compile(r"\\[a-zA-Z]+|[\^_=]|\b[a-zA-Z]\s*[-+*/]|[-+*/]\s*\d*[a-zA-Z]\b|\d\s*/\s*\d")
_TEXT = re.compile(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}")
_SCALES = {
    "mass": {"µg": "1e-6", "μg": "1e-6", "ug": "1e-6", "mcg": "1e-6", "mg": "1e-3", "g": "1", "kg": "1e3"},
    "volume": {"ml": "1e-3", "cl": "1e-2", "dl": "0.1", "l": "1"},
    "length": {"mm": "1e-3", "cm": "1e-2", "m": "1", "km": "1e3"},
}
_UNITS = {unit: (kind, Decimal(scale)) for kind, units in _SCALES.items() for unit, scale in units.items()}


def find_kind(reference: str) -> MatchKind | None:
    """Return how an answer can be compared with this one, None for a free text."""
    final = find_final(reference)
    if final is None:
        return None
    if _CHOICE.fullmatch(final):
        return "choice"
    if _ONLY_NUMBER.fullmatch(_plain(final)):
        return "number"
    if _LATEX.search(final):
        return "math" if math_answers.is_available() else None
    return (
        "exact" if len(final.split()) <= _WORDS and (final.isascii() or len(final) <= _CHARACTERS) else None
    )


def is_match(answer: str, reference: str, kind: MatchKind) -> bool:
    """Return whether an answer comes to the same as the reference, compared as `kind`."""
    wanted = find_final(reference) or reference.strip()
    given = find_finals(answer)
    if any(_fold(text) == _fold(wanted) for text in given):
        return True
    if kind == "choice":
        return _read_choice(answer, given) == _read_choice(reference, [wanted])
    if kind == "number":
        return _is_same_number(answer, given, wanted)
    if kind == "math":
        return math_answers.are_equal(given[0], wanted)
    return False


def find_final(text: str) -> str | None:
    r"""Return what a text comes to: in \boxed{}, behind #### or "answer is", or all of a short one."""
    if boxed := _find_boxed(text):
        return boxed
    for pattern in (_HASHES, _SAID):
        if matches := pattern.findall(text):
            return _trim(matches[-1])
    stripped = text.strip()
    return _trim(stripped) if len(stripped) <= _SHORT and "\n" not in stripped else None


def find_finals(answer: str) -> list[str]:
    """Return what an answer may come to, the likeliest first: never an empty list."""
    lines = [line.strip() for line in answer.strip().splitlines() if line.strip()] or [""]
    return [*filter(None, [find_final(answer)]), _trim(lines[-1]), _trim(lines[0]), _trim(answer)]


def _find_boxed(text: str) -> str:
    r"""Return what is in the last \boxed{}, braces inside it balanced."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return ""
    depth = 0
    for place in range(start + 6, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return _TEXT.sub(r"\1", text[start + 7 : place]).strip()
    return ""


def _trim(text: str) -> str:
    return text.strip().strip("*_`$ ").rstrip(".。!！").strip("*_`$ ")


def _plain(text: str) -> str:
    r"""Return a number of LaTeX as plain text: 1{,}000, 12\%, \$5."""
    text = unicodedata.normalize("NFKC", text).replace("{,}", ",").replace("−", "-")
    return text.replace("\\%", "%").replace("\\$", "$").replace("\\,", "").replace("\\ ", " ").strip("$ ")


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", _TEXT.sub(r"\1", text)).casefold()
    return "".join(character for character in folded if character.isalnum() or character in "+-*/^=<>.%")


def _read_choice(text: str, finals: list[str]) -> str:
    for final in finals:
        if letter := _CHOICE.fullmatch(final):
            return letter[1].upper()
    named = _NAMED_CHOICE.findall(text) or _FIRST_CHOICE.findall("\n".join(finals))
    return str(named[-1]).upper() if named else ""


def _is_same_number(answer: str, finals: list[str], wanted: str) -> bool:
    number = _ONLY_NUMBER.fullmatch(_plain(wanted))
    if number is None:
        return False
    for final in finals[:-1]:
        if given := _ONLY_NUMBER.fullmatch(_plain(final)):
            return _are_equal(given[1], given[2] or "", number[1], number[2] or "")
    stated = find_final(answer)
    numbers = _FIND_NUMBER.findall(_plain(stated or "")) or _FIND_NUMBER.findall(_plain(answer))
    return bool(numbers) and _are_equal(numbers[-1][0], numbers[-1][1], number[1], number[2] or "")


def _are_equal(number: str, unit: str, other: str, other_unit: str) -> bool:
    try:
        values = [Decimal(text.replace(",", "").replace("−", "-")) for text in (number, other)]
    except InvalidOperation:
        return False
    if values[0] == values[1] and (not unit or not other_unit or not _do_units_clash(unit, other_unit)):
        return True
    units = [unit.lower().replace("percent", "%"), other_unit.lower().replace("percent", "%")]
    if "%" in units:
        scaled = [value / 100 if own == "%" else value for value, own in zip(values, units, strict=True)]
        return scaled[0] == scaled[1] and set(units) <= {"%", ""}
    known = [_UNITS.get(own) for own in units]
    if known[0] and known[1] and known[0][0] == known[1][0]:
        return values[0] * known[0][1] == values[1] * known[1][1]
    return False


def _do_units_clash(unit: str, other: str) -> bool:
    known = _UNITS.get(unit.lower()), _UNITS.get(other.lower())
    is_percent = (unit == "%") != (other == "%")
    return is_percent or (known[0] is not None and known[1] is not None and known[0] != known[1])
