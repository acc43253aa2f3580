"""The texts of each message, as LLaMA-Factory's templates `qwen3` and `qwen3_nothink` write them.

Each text is tokenised by itself and the tokens are joined, so where a text ends is part of the rule. Sources:
data/template.py (Template._encode, ReasoningTemplate), data/formatter.py, data/tool_utils.py (QwenToolUtils).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from lf_qwen3.qwen3.thinking import CLOSE, OPEN, frame
from lf_qwen3.trainer.records import Message

IM_END = "<|im_end|>"
EMPTY_THINKING = frame("", "")
"""The block that a turn without reasoning gets."""

_THOUGHT = re.compile(re.escape(f"{OPEN}\n") + "(.*?)" + re.escape(f"\n{CLOSE}\n\n"), re.DOTALL)
_CALL_OPEN, _CALL_CLOSE = "<tool_call>", "</tool_call>"
_TOOL_CALL = re.compile(f"{_CALL_OPEN}(.*?){_CALL_CLOSE}", re.DOTALL)

_TOOLS_HEAD = (
    "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
)
_TOOLS_TAIL = (
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    "<tool_call></tool_call> XML tags:\n<tool_call>\n"
    '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
)


class TrainerStopsError(Exception):
    """The trainer ends with an error at this record; the text says why."""


def message_texts(messages: Sequence[Message], system: str, tools: str) -> list[list[str]]:
    """Return the texts of every message; those of the first open with the system turn.

    Raises `TrainerStopsError` for tools or calls that are not the JSON they have to be.
    """
    texts = [[_text(message, number)] for number, message in enumerate(messages)]
    if texts and (system or tools):
        texts[0].insert(0, f"<|im_start|>system\n{system}{tools_text(tools)}{IM_END}\n")
    return texts


def without_thinking(content: str) -> str:
    """Take canonical think blocks out of a text (ReasoningTemplate.remove_thought)."""
    return _THOUGHT.sub("", content).lstrip("\n") if OPEN in content else content.lstrip("\n")


def is_tool_result(content: str) -> bool:
    """Return whether Qwen3's own template reads a user's text as the result of a tool, not as a question."""
    return content.startswith("<tool_response>") and content.endswith("</tool_response>")


def has_thinking(content: str) -> bool:
    """Return whether the trainer takes a text for one with reasoning: any tag will do."""
    return OPEN in content or CLOSE in content


def tools_text(tools: str) -> str:
    """Return what the system turn says of the tools, a JSON list; "" for no tool."""
    if not tools:
        return ""
    try:
        listed = json.loads(tools)
        if len(listed) == 0:
            return ""
        wrapped = [
            tool if tool.get("type") == "function" else {"type": "function", "function": tool}
            for tool in listed
        ]
    except (ValueError, TypeError, AttributeError) as error:
        raise TrainerStopsError(f"tools is not a JSON list of objects: {error}") from error
    return _TOOLS_HEAD + "".join(f"\n{_dumped(tool)}" for tool in wrapped) + _TOOLS_TAIL


def write_kept_call(thinking: str, content: str, calls: str) -> str:
    """Return the function message whose reasoning the trainer keeps where it takes that of the history out.

    `calls` is the JSON list, "" for none. The trainer takes out canonical blocks alone, and only then moves
    the calls behind all other text; written inside the end of the block they keep it whole until then.
    The inverse is `split_function`. Raises `ValueError` for a reasoning that names a tool call's tag: the
    trainer would read the calls from there.
    """
    if _CALL_OPEN in thinking:
        raise ValueError(f"{_CALL_OPEN} is inside the reasoning")
    block = frame(thinking, "").rstrip("\n")
    behind = f"{content}\n" if content and calls else content
    return f"{block}{_CALL_OPEN}\n{calls or '[]'}\n{_CALL_CLOSE}\n\n{behind}"


def write_function(content: str) -> str:
    """Return the text that the trainer makes of a function message (FunctionFormatter).

    Raises `TrainerStopsError` as `split_calls` does.
    """
    before, calls = split_calls(content)
    return before + "\n".join(f"{_CALL_OPEN}\n{_dumped(call)}\n{_CALL_CLOSE}" for call in calls)


def is_kept_call(content: str) -> bool:
    """Return whether `write_kept_call` wrote a function message."""
    return f"{CLOSE}{_CALL_OPEN}" in content


def split_function(content: str) -> tuple[str, str]:
    """Return what a function message says beside its calls, and the JSON of the calls (FunctionFormatter)."""
    if tagged := _TOOL_CALL.search(content):
        return content.replace(tagged[0], ""), tagged[1]
    if thought := _THOUGHT.search(content):
        return thought[0], content.replace(thought[0], "")
    return "", content


def split_calls(content: str) -> tuple[str, list[dict[str, Any]]]:
    """Return what is before the calls of a function message, and the calls.

    The JSON may be the whole text, or be after a think block or between tool-call tags.
    """
    before, source = split_function(content)
    try:
        calls = json.loads(source)
        calls = calls if isinstance(calls, list) else [calls]
        return before, [{"name": call["name"], "arguments": call["arguments"]} for call in calls]
    except (ValueError, TypeError, KeyError) as error:
        raise TrainerStopsError(
            f"a function message has to be JSON with name and arguments: {type(error).__name__}: {error}"
        ) from error


def _text(message: Message, number: int) -> str:
    role, content = message["role"], message["content"]
    if role == "assistant":
        return f"{content}{IM_END}\n"
    if role == "function":
        return f"{write_function(content)}{IM_END}\n"
    if role == "user":
        # StringFormatter also fills a placeholder that stands in the content itself.
        return _asked(content.replace("{{idx}}", str(number // 2), 1))
    if role == "observation":
        return _asked(f"<tool_response>\n{content}\n</tool_response>")
    raise TrainerStopsError(f"message {number + 1} has the role {role!r}")


def _asked(content: str) -> str:
    return f"<|im_start|>user\n{content}{IM_END}\n<|im_start|>assistant\n"


def _dumped(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TrainerStopsError("tools or calls contain half of a surrogate pair") from error
    return text
