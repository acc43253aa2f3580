r"""Read tool calls and their answers that a text spells out in a model's own tags.

Qwen3 and Hermes write `<tool_call>\n{...}\n</tool_call>` and `<tool_response>...</tool_response>`. The
template writes those tags itself: left in a text they are control tokens, and are in a record twice. What
only quotes a tag, in a sentence or in code, is left as it is, for the rule `special_token` to judge.
"""

from __future__ import annotations

import json
import re

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.convert.python_calls import parse_python_calls
from lf_qwen3.data.convert.system_tools import calls_are_python, take_tools
from lf_qwen3.data.convert.xml_calls import XML_CALL, parse_xml_call
from lf_qwen3.data.converters.tools import calls_text, joined_calls, names_of_tools
from lf_qwen3.qwen3.thinking import CLOSE, excerpt

_CALL_TAGS = ("<tool_call>", "<tool_calls>", "<functioncall>", "<function_call>", "[TOOL_CALLS]")
"""Of Qwen and Hermes, of sets made from them, of glaive, of Mistral."""
_ENDS_OF_SENTENCES = (CLOSE, *".!?。！？")
_ANSWERS = re.compile(r"\s*(?:<tool_response>(?:(?!</?tool_response>).)*</tool_response>\s*)+", re.DOTALL)
_ANSWER = re.compile(r"<tool_response>(.*?)</tool_response>", re.DOTALL)
_GLAIVE_ANSWER = "FUNCTION RESPONSE:"


def read_tool_tags(conversation: Conversation) -> None:
    """Turn calls, answers and tools that are in texts into the turns and the tools they are, in place.

    Adds the repair codes `tool_wire_format` and `tools_in_system`. Raises `Reject`: bad_tool_call for a call
    that cannot be read, tools_twice where the system text lists a tool that the row's tools lack.
    """
    names: set[str] = set()
    if conversation.system:
        is_python = calls_are_python(conversation.system)
        take_tools(conversation)
        if is_python and "tools_in_system" in conversation.repairs:
            names = names_of_tools(conversation.tools)
    losing = conversation.rejected
    for number, turn in enumerate([*conversation.turns, losing] if losing else conversation.turns, 1):
        if turn.role != "assistant" or not (names or _may_call(turn.content)):
            continue
        where = "the rejected answer" if turn is losing else f"turn {number}"
        if _take_calls(turn, conversation.tools, where) or (names and _take_python_calls(turn, names, where)):
            conversation.repairs.add("tool_wire_format")
    if any(turn.role != "assistant" and _may_answer(turn.content) for turn in conversation.turns):
        turns = [bare for turn in conversation.turns for bare in _bare_answers(turn)]
        conversation.repairs.update(["tool_wire_format"] * (turns != conversation.turns))
        conversation.turns = turns


def _may_call(text: str) -> bool:
    return ("<" in text and ("<tool" in text or "<function" in text)) or "[TOOL_CALLS]" in text


def _may_answer(text: str) -> bool:
    return "<tool_response>" in text or _GLAIVE_ANSWER in text


def _take_calls(turn: Turn, tools: str, where: str) -> bool:
    """Take the calls that an assistant's text ends with; return whether there are any."""
    text = turn.content
    begin = text.rfind(CLOSE) + 1
    for tag in _CALL_TAGS:
        at = text.find(tag, begin)
        if at < 0 or not _may_precede(text[:at]):
            continue
        calls = ""
        for body in _bodies(text[at:], tag):
            call = parse_xml_call(body, tools) if body.lstrip().startswith(XML_CALL) else body
            calls = joined_calls(calls, calls_text(call, where))
        if calls:
            turn.content = text[:at]
            same = turn.calls and json.loads(turn.calls) == json.loads(calls)
            turn.calls = calls if same else joined_calls(turn.calls, calls)
            return True
    return False


def _take_python_calls(turn: Turn, names: set[str], where: str) -> bool:
    """Take the calls that an answer, its reasoning removed, is made of; return whether it is."""
    at = turn.content.rfind(CLOSE)
    at = at + len(CLOSE) if at >= 0 else 0
    answer = turn.content[at:].strip()
    if not answer.startswith(tuple(f"[{name}(" for name in names)):
        return False
    calls = parse_python_calls(answer, names)
    if not calls:
        raise Reject("bad_tool_call", f"{where}: {excerpt(answer)}")
    turn.calls = calls_text(calls, where)
    turn.content = turn.content[:at]
    return True


def _may_precede(text: str) -> bool:
    """Return whether a call may follow a text: lines of its own, or a whole sentence; no open code."""
    said = text.rstrip()
    if text.count("```") % 2:
        return False
    return not said or "\n" in text[len(said) :] or said.endswith(_ENDS_OF_SENTENCES)


def _bodies(text: str, tag: str) -> list[str]:
    """Return what is in the tags, none where anything but calls is in the text.

    The last call may be without a closing tag, for some templates write none.
    """
    closing = tag.replace("<", "</")
    bodies = []
    *closed, last = text.split(tag)[1:]
    for chunk in closed:
        body, close, behind = chunk.partition(closing)
        if not close or behind.strip():
            return []
        bodies.append(body)
    body, _, behind = last.partition(closing)
    bodies.append(body)
    are_calls = all(body.lstrip().startswith(("{", "[", XML_CALL)) for body in bodies)
    return bodies if are_calls and not behind.strip() else []


def _bare_answers(turn: Turn) -> list[Turn]:
    """Return the answers of tools that a turn holds without their tags; several answer parallel calls."""
    text = turn.content
    if turn.role != "assistant" and "<tool_response>" in text and _ANSWERS.fullmatch(text):
        return [Turn("tool", answer[1]) for answer in _ANSWER.finditer(text)]
    if turn.role == "tool" and text.lstrip().startswith(_GLAIVE_ANSWER):
        return [Turn("tool", text.lstrip().removeprefix(_GLAIVE_ANSWER))]
    return [turn]
