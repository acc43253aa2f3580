"""Tags of reasoning and of answers that other models use, and Qwen3's template does not know.

Some sets write <thought> or <reasoning> where Qwen3 writes its think tag, and wrap the answer that
follows in <answer> or <output>. As text they would be learnt as text. They count only at the beginning of an
answer and in pairs: a tag in the middle of an answer is what the answer is about.
"""

from __future__ import annotations

import re

from lf_qwen3.qwen3.thinking import CLOSE, OPEN, has_tag

_REASONING = (
    r"thoughts?|thought_process|reasoning|reason|reasoning_process|reasoning_content|reflection|scratchpad"
    r"|cot|chain_of_thought|inner_thoughts?|inner_monologue|internal_monologue|thinking_process|analysis"
)
_ANSWER = "answer|output|final_answer|finalanswer|response|solution"
NAMES = f"{_REASONING}|{_ANSWER}"
"""The names of all these tags, as a regular expression."""
_FOREIGN = re.compile(rf"\s*<(?:{_REASONING})>", re.IGNORECASE | re.ASCII)
_OWN = re.compile(r"\s*<think(?:ing)?>.*?</think(?:ing)?>", re.IGNORECASE | re.DOTALL | re.ASCII)
_WRAPPER = re.compile(
    rf"\s*<(?P<name>{_ANSWER})>(?P<answer>.*)</(?P=name)>\s*",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)


def find_foreign_tag(text: str) -> str:
    """Return the first foreign tag of reasoning that an answer begins with, "" if there is none.

    A think block of Qwen3's own may be before it.
    """
    match, _ = _next_block(text, _behind_own(text))
    return match[0].strip() if match else ""


def rename_foreign_tags(text: str) -> str:
    """Return an answer with the tags of the reasoning that it begins with spelled as Qwen3 spells them.

    Several blocks may follow one another, Qwen3's own among them. A text that is reasoning alone is left as
    it is: which part of it is the answer is unknown.
    """
    renamed: list[str] = []
    start = at = _behind_own(text)
    while True:
        match, close = _next_block(text, at)
        if match is None:
            break
        end = text.index(close, match.end())
        renamed.append(f"{OPEN}{text[match.end() : end]}{CLOSE}")
        start = at = end + len(close)
        behind = _behind_own(text, at)
        if behind > at:
            renamed.append(text[at:behind])
            start = at = behind
    if not renamed or not text[start:].strip():
        return text
    return text[: _behind_own(text)] + "".join(renamed) + text[start:]


def strip_foreign_tags(thinking: str) -> str:
    """Return the text of a thinking column without the foreign tags around all of it."""
    match, close = _next_block(thinking, 0)
    whole = match is not None and thinking.rstrip().endswith(close)
    return thinking.rstrip()[match.end() : -len(close)] if match and whole else thinking


def unwrap_answer(answer: str) -> str:
    """Return an answer without the tags around all of it, such as <answer>."""
    if "</" not in answer:
        return answer
    match = _WRAPPER.fullmatch(answer)
    if match is None or f"</{match['name']}>" in match["answer"]:
        return answer
    return match["answer"]


def has_reasoning(text: object) -> bool:
    """Return whether a text holds reasoning in tags: Qwen3's own anywhere, or others at its beginning."""
    return isinstance(text, str) and text.strip() != "" and (has_tag(text) or bool(find_foreign_tag(text)))


def _behind_own(text: str, at: int = 0) -> int:
    match = _OWN.match(text, at)
    return match.end() if match else at


def _next_block(text: str, at: int) -> tuple[re.Match[str] | None, str]:
    """Return the opening tag of the foreign block that begins at a place, and its closing tag."""
    match = _FOREIGN.match(text, at)
    if match is None:
        return None, ""
    opening = match[0].strip()
    close = f"{opening[0]}/{opening[1:]}"
    inside, found, _ = text[match.end() :].partition(close)
    return (match, close) if found and opening not in inside else (None, "")
