"""Take the descriptions of tools out of a system text, where the template would write them once more.

Qwen3's template lists the tools behind the system text and says how they are called. A set that was made for
such a template, by hand or by another model's, has both in its system text already.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.tools import describes_tools, joined_tools, names_of_tools, tools_text
from lf_qwen3.qwen3.thinking import excerpt

_BLOCK = re.compile(r"<tools>((?:(?!<tools>).)*?)</tools>(?:\.(?=\s))?", re.DOTALL)
_GLAIVE = re.compile(
    r",?\s*(?:with|who has) access to the following functions"
    r"(?:\.\s+Use them if required| to help the user, you can use the functions if needed)\s*-\s*(?=\{)",
    re.IGNORECASE,
)
_TOOLACE = re.compile(
    r"Here is a list of functions in JSON format that you can invoke:\s*(?=\[)", re.IGNORECASE
)
_SAID_BY_TOOLACE = re.compile(
    r"^\.?\s*Should you decide to return the function call\(?s?\)?\.?\s*put it in the format of "
    r"\[func[^\n]*\]\.?(?:\s*NO other text MUST be included\.?)?",
    re.IGNORECASE,
)
_SCHEMA = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}\.?"
_CALL = r"<tool_call>(?:(?!</?tool_call>).){0,600}</tool_call>"
_SAID_BY_TEMPLATE = (
    r"# Tools(?=\n)",
    r"You may call one or more functions to assist with the user query\.",
    r"You are provided with function signatures? within <tools>\s*</tools> XML tags[.:]?",
    r"Here are the available tools:",
    r"You have access to the following (?:functions|tools):",
    rf"If you choose to call a function ONLY reply in the following format with NO suffix:\s*{_CALL}"
    r"(?:\s*<IMPORTANT>(?:(?!</?IMPORTANT>).)*</IMPORTANT>)?",
    r"After calling & executing the functions?, you will be provided with function results within "
    r"<tool_response>\s*</tool_response> XML tags\.",
    rf"Use the following pydantic model json schema for each tool call you will make:\s*{_SCHEMA}",
    rf"For each function call,? return a json object,? with the following pydantic model json schema"
    rf"(?: for each)?:\s*{_SCHEMA}",
    r"For each function call,? return a json object with function name and arguments within "
    rf"<tool_call>\s*</tool_call> (?:XML )?tags(?: as follows| with the following schema)?:\s*{_CALL}",
    r"Each function call should be enclosed within <tool_call>\s*</tool_call> XML tags\."
    rf"\s*Example:\s*{_CALL}",
)
_PREAMBLE = re.compile(rf"(?:\s*(?:{'|'.join(_SAID_BY_TEMPLATE)}))+\s*", re.IGNORECASE | re.DOTALL)
"""The sentences of Qwen's, Qwen-Coder's and Hermes' templates around the tools; Qwen3's own says the same."""
_JSON = re.compile(r"[\[{]\s*[\"{]")
_PLACES = 200
"""Places in a system text at which JSON is tried."""


def take_tools(conversation: Conversation) -> None:
    """Move tools out of the system text, in place, with the sentences that the template writes itself.

    A system text without such a list, or with one that cannot be read, is left. The row's own tools count
    where they name all that the text lists. Adds the repair code `tools_in_system`. Raises `Reject`:
    tools_twice where they do not, bad_tools where they are beside a list in tags that cannot be read.
    """
    text = conversation.system
    if not conversation.tools and "tool" not in text and "unction" not in text:
        return
    for start, end, tools in _marked_lists(text):
        conversation.tools = joined_tools(conversation.tools, tools)
        conversation.system = _without_preamble(text[:start], text[end:])
        break
    else:
        if conversation.tools:
            _require_no_block(text)
            conversation.system = _without_repeated(text, names_of_tools(conversation.tools))
    if conversation.system != text:
        conversation.repairs.add("tools_in_system")


def _marked_lists(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where a text lists tools in tags or in glaive's words, and the tools as a JSON array."""
    places = [(block.start(), block.end(), block[1]) for block in _BLOCK.finditer(text)]
    if glaive := _GLAIVE.search(text):
        places.append((glaive.start(), len(text), text[glaive.end() :]))
    if toolace := _TOOLACE.search(text):
        stop = _end_of_json(text, toolace.end())
        said = _SAID_BY_TOOLACE.match(text[stop:])
        end = stop + (said.end() if said else 0)
        if "[func" not in text[: toolace.start()] + text[end:]:
            places.append((toolace.start(), end, text[toolace.end() : stop]))
    for start, end, listed in places:
        if describes_tools(listed):
            yield start, end, tools_text(listed)


def calls_are_python(system: str) -> bool:
    """Return whether a system text asks for calls that are written as Python, as ToolACE does."""
    return "functions in JSON format" in system and _TOOLACE.search(system) is not None


def _end_of_json(text: str, start: int) -> int:
    """Return where the JSON value ends that begins at `start`, or `start` if there is none."""
    try:
        return json.JSONDecoder().raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return start


def _require_no_block(text: str) -> None:
    for block in _BLOCK.finditer(text):
        if block[1].lstrip().startswith(("{", "[")):
            raise Reject("bad_tools", f"the system text: not JSON: {excerpt(block[1].strip())}")


def _without_preamble(before: str, behind: str) -> str:
    """Return a system text without its tools and without what the template says of them."""
    kept = [_PREAMBLE.sub(_seam, part).strip() for part in (before, behind)]
    return "\n\n".join(filter(None, kept))


def _seam(sentence: re.Match[str]) -> str:
    around = sentence[0][: -len(sentence[0].lstrip())] + sentence[0][len(sentence[0].rstrip()) :]
    return "\n" if "\n" in around else " "


def _without_repeated(text: str, names: AbstractSet[str]) -> str:
    """Return a system text without the JSON that describes tools of these names, all that the row has."""
    decoder = json.JSONDecoder()
    at = 0
    for _ in range(_PLACES):
        place = _JSON.search(text, at)
        if place is None:
            break
        at = place.end()
        try:
            value, end = decoder.raw_decode(text, place.start())
        except (ValueError, RecursionError):
            continue
        if describes_tools(value) and names_of_tools(tools_text(value)) <= names:
            rest = text[end:].lstrip(" ,\n")
            text = f"{text[: place.start()].rstrip()}\n{rest}".strip()
            at = place.start()
    return text
