r"""The think frame: written and read here, as an inverse pair, and nowhere else.

The canonical frame is the one Qwen3's own chat template renders and the only one LLaMA-Factory can
take away again (`ReasoningTemplate.remove_thought` needs the newlines):

    <think>\n{thinking}\n</think>\n\n{answer}

A turn without reasoning carries no tag at all: the `qwen3` template adds the empty block itself.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from lf_qwen3.base.errors import Reject

OPEN = "<think>"
CLOSE = "</think>"
WHITESPACE = " \t\r\n\f\v"

_HEAD = f"{OPEN}\n"
_SEAM = f"\n{CLOSE}\n\n"
_JSON_HEAD = json.dumps(_HEAD)[:-1].encode()
_JSON_SEAM = json.dumps(_SEAM)[1:-1].encode()
_CODE_INDENT = ("    ", "\t")

_TAG = re.compile(
    r"<[ \t]*(?P<slash>/?)[ \t]*think(?:ing)?[ \t]*>|<\|(?P<word>begin|end)_of_thought\|>",
    re.IGNORECASE | re.ASCII,
)
_SOLUTION = re.compile(r"\s*<\|begin_of_solution\|>(.*?)(?:<\|end_of_solution\|>)?\s*", re.DOTALL)


class Split(NamedTuple):
    """An assistant text taken apart; `repairs` holds the codes of what was not canonical in it."""

    thinking: str | None
    answer: str
    repairs: tuple[str, ...] = ()


def frame(thinking: str | None, answer: str) -> str:
    """Write one assistant text; no thinking means no tag."""
    return answer if thinking is None else f"{_HEAD}{thinking}{_SEAM}{answer}"


def frame_json(thinking: bytes | memoryview, answer: bytes | memoryview) -> tuple[bytes | memoryview, ...]:
    """Frame a thinking and an answer that are JSON strings already, quotes included.

    The parts together are the JSON string of their frame. On the converter's hot path it saves copying the
    text and encoding it once more.
    """
    return _JSON_HEAD, memoryview(thinking)[1:-1], _JSON_SEAM, memoryview(answer)[1:]


def has_tag(text: str) -> bool:
    """Return whether a think tag of any spelling is in `text`."""
    return "<" in text and _TAG.search(text) is not None


def trimmed(text: str) -> str:
    """Take the white space off both ends of `text`; a first line indented as code keeps its indent."""
    text = text.rstrip(WHITESPACE)
    if text[:1] > " ":
        return text
    body = text.lstrip(WHITESPACE)
    first_line = text[text.rfind("\n", 0, len(text) - len(body)) + 1 :]
    return first_line if first_line.startswith(_CODE_INDENT) else body


def split(text: str) -> Split:
    """Take an assistant text apart, mending what can be repaired without guessing.

    Inverse of `frame` for canonical texts (trimmed parts, thinking not empty, no tag inside a part).
    White space at the two ends of `text` has no meaning and counts as no repair. Raises `Reject`
    (think_unclosed, think_unopened, think_nested, think_not_first, think_several) where the parts
    cannot be separated.
    """
    tags = list(_TAG.finditer(text)) if "<" in text else []
    if not tags:
        return Split(None, trimmed(text))
    blocks, answer, repairs = _blocks(text, tags)
    filled = [block for block in blocks if block]
    if len(filled) < len(blocks):
        repairs.append("think_empty")
    if len(filled) > 1:
        repairs.append("think_merged")
    thinking = "\n\n".join(filled) or None
    if not repairs and frame(thinking, answer).rstrip(WHITESPACE) != text.strip(WHITESPACE):
        repairs.append("think_whitespace")
    return Split(thinking, answer, tuple(repairs))


def split_canonical(text: str) -> Split | None:
    """Return what `split` does of a canonical text, in a tenth of its time; None for one that is none.

    It is right only where neither part has a tag inside, which is not looked for.
    """
    if not text.startswith(_HEAD):
        return Split(None, trimmed(text) if "<" in text else text)
    thinking, _, answer = text[len(_HEAD) :].partition(_SEAM)
    if not thinking or thinking.strip(WHITESPACE) != thinking or not answer[:1] > " ":
        return None
    return Split(thinking, answer.rstrip(WHITESPACE))


def reasons(text: str) -> bool:
    """Return whether `split` finds a thinking in a text; one that it rejects has none."""
    if "<" not in text:
        return False
    if text.count("<") == 2 and text.startswith(_HEAD) and (end := text.find(_SEAM)) > 0:
        return bool(text[len(_HEAD) : end].strip(WHITESPACE))
    try:
        return split(text).thinking is not None
    except Reject:
        return False


def join_column(thinking: str, answer: str) -> Split:
    """Bring a thinking column and its answer column together.

    Tags around the column's text are removed; a blank column says nothing. Raises `Reject` as `split`
    does for the answer, think_nested where a tag is left inside the column, and think_twice where the
    answer has another reasoning than the column.
    """
    repairs: tuple[str, ...] = ()
    if has_tag(thinking):
        thinking, repairs = _untagged(thinking), ("think_column_tags",)
    thinking = thinking.strip(WHITESPACE)
    inner = split(answer)
    if not thinking or inner.thinking is None:
        return Split(thinking or inner.thinking, inner.answer, repairs + inner.repairs)
    if inner.thinking.split() != thinking.split():
        raise Reject("think_twice", excerpt(inner.thinking))
    return Split(thinking, inner.answer, (*repairs, "think_twice_same"))


def excerpt(text: str, width: int = 40) -> str:
    """Return the beginning of a text, short enough for a message."""
    return text[:width] + ("…" if len(text) > width else "")


def _closes(tag: re.Match[str]) -> bool:
    return tag["slash"] == "/" or (tag["word"] or "").lower() == "end"


def _blocks(text: str, tags: list[re.Match[str]]) -> tuple[list[str], str, list[str]]:
    """Return the reasoning blocks, the answer behind them, and what had to be repaired to find them."""
    repairs = []
    opens = [tag.span() for tag in tags if not _closes(tag)]
    closes = [tag.span() for tag in tags if _closes(tag)]
    if _closes(tags[0]):
        opens.insert(0, (0, 0))
        repairs.append("think_open_missing")
    _require_pairs(text, opens, closes)
    if any(tag[0] not in (OPEN, CLOSE) for tag in tags):
        repairs.append("think_tag_renamed")
    answer = text[closes[-1][1] :]
    if tags[-1]["word"] and (solution := _SOLUTION.fullmatch(answer)):
        answer = solution[1]
        repairs.append("solution_tags")
    blocks = [text[a:b].strip(WHITESPACE) for (_, a), (b, _) in zip(opens, closes, strict=True)]
    return blocks, trimmed(answer) if answer.startswith("\n\n") else answer.strip(WHITESPACE), repairs


def _require_pairs(text: str, opens: list[tuple[int, int]], closes: list[tuple[int, int]]) -> None:
    """Raise `Reject` unless the blocks follow one another with nothing before and nothing between them."""
    depth, last_close = 0, 0
    for (start, end), step in sorted([(span, 1) for span in opens] + [(span, -1) for span in closes]):
        depth += step
        if depth not in (0, 1):
            raise Reject("think_nested" if depth > 1 else "think_unopened", f"at character {start}")
        if step < 0:
            last_close = end
        elif between := text[last_close:start].strip():
            raise Reject("think_several" if last_close else "think_not_first", excerpt(between))
    if depth:
        raise Reject("think_unclosed", f"opened at character {opens[-1][0]}")


def _untagged(thinking: str) -> str:
    """Take the tags off the two ends of a thinking column's text."""
    tags = list(_TAG.finditer(thinking))
    start, stop = 0, len(thinking)
    if not _closes(tags[0]) and not thinking[: tags[0].start()].strip():
        start = tags.pop(0).end()
    if tags and _closes(tags[-1]) and not thinking[tags[-1].end() :].strip():
        stop = tags.pop().start()
    if tags:
        raise Reject("think_nested", f"in the thinking column, at character {tags[0].start()}")
    return thinking[start:stop]
