"""Read one message after the other into a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lf_qwen3.base.conversation import Conversation, Role, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters._message_keys import join_calls, join_thinking, learn_mark, read_extras
from lf_qwen3.data.converters._message_roles import ROLE_KEYS, Speaker, role_key_of, speaker_of
from lf_qwen3.data.converters._parts import MessageContent, media_key_of, read_content
from lf_qwen3.data.converters.fields import kind
from lf_qwen3.data.converters.roles import ROLES
from lf_qwen3.data.converters.source_row import SourceRow, is_filled
from lf_qwen3.data.converters.tools import calls_text, describes_tools, joined_calls, joined_tools, tools_text
from lf_qwen3.qwen3.thinking import CLOSE, excerpt
from lf_qwen3.trainer.render.text import is_kept_call, split_function

_CONTENT_KEYS = ("value", "content", "text", "parts", "message", "utterance", "output")
_TURNS: Mapping[Speaker, Role] = {"user": "user", "assistant": "assistant", "tool": "tool"}


def plain_turn(message: Any) -> Turn | None:
    """Return the turn of a message that is a role and a text and nothing else: most are, and it is quick."""
    if type(message) is not dict or len(message) != 2:
        return None
    name = message.get("from") or message.get("role")
    text = message.get("value")
    if text is None:
        text = message.get("content")
    if type(name) is not str or type(text) is not str:
        return None
    speaker = speaker_of(name)
    if speaker == "user" or speaker == "assistant" or speaker == "tool":
        return Turn(speaker, text)
    return None


class MessageReader:
    """Reads one message after the other into a conversation."""

    def __init__(self, row: SourceRow, where: str) -> None:
        self.row = row
        self.place = row.column(where)
        self.conversation = Conversation([])

    def add(self, message: Any, number: int) -> None:
        """Add the turns of a message."""
        if message is None or message == {}:
            self.row.leave(f"{self.place}[]")
            return
        role_key, speaker = _speaker(message, number)
        content_key = next((key for key in _CONTENT_KEYS if message.get(key) is not None), "")
        content = message.get(content_key)
        if medium := media_key_of(message):
            raise Reject("multimodal", f"turn {number}: {medium}")
        rest: dict[str, Any] = {
            key: value
            for key, value in message.items()
            if key not in (role_key, content_key)
            and is_filled(value)
            and not (key in ROLE_KEYS and speaker_of(value) == speaker)
        }
        add = {"assistant": self._add_answer, "call": self._add_calls, "system": self._add_system}
        add.get(speaker, self._add_question)(content, rest, number, speaker)

    def _leave(self, key: str) -> None:
        self.row.leave(f"{self.place}[].{key}")

    def _content(self, content: object, number: int, speaker: Speaker) -> MessageContent:
        """Read a content that only some speakers may fill with more than text."""
        where = f"turn {number}"
        read = read_content(content, where, lambda key: self._leave(f"content[].{key}"))
        if speaker != "assistant" and (read.thoughts or read.calls):
            raise Reject(
                "not_text",
                f"{where} has the role {speaker} and contains {'a call' if read.calls else 'thinking'}",
            )
        if speaker not in ("user", "tool") and read.results:
            raise Reject("not_text", f"{where} has the role {speaker} and contains a tool result")
        return read

    def _leave_rest(self, rest: Mapping[str, Any]) -> None:
        """Note the keys of a message that is not learnt anyhow."""
        for key, value in rest.items():
            if learn_mark(key, value) is not False:
                self._leave(key)

    def _add_system(self, content: object, rest: dict[str, Any], number: int, speaker: Speaker) -> None:
        conversation = self.conversation
        for key in [key for key in ROLES["tools"] if key == "tools" or describes_tools(rest.get(key))]:
            conversation.tools = joined_tools(conversation.tools, tools_text(rest.pop(key, None)))
        self._leave_rest(rest)
        text = "" if content is None else self._content(content, number, speaker).text
        if not text.strip() or text.strip() == conversation.system.strip():
            return
        if conversation.turns:
            raise Reject("late_system", f"turn {number}")
        if conversation.system.strip():
            raise Reject("system_twice", excerpt(text))
        conversation.system = text

    def _add_question(self, content: object, rest: dict[str, Any], number: int, speaker: Speaker) -> None:
        """Add what user or tool says; the results of calls in it are turns of the tool."""
        self._leave_rest(rest)
        read = self._content(content, number, speaker)
        self.conversation.turns += [Turn("tool", result) for result in read.results]
        if read.text.strip() or not read.results:
            self.conversation.turns.append(Turn(_TURNS[speaker], read.text))

    def _add_answer(self, content: object, rest: dict[str, Any], number: int, speaker: Speaker) -> None:
        where = f"turn {number}"
        extras = read_extras(rest, where, self._leave)
        if content is None and extras.calls:
            content = ""
        read = self._content(content, number, speaker)
        calls = ""
        for call in read.calls:
            calls = joined_calls(calls, self._calls(call, where))
        if len(read.thoughts) > 1:
            self.conversation.repairs.add("think_merged")
        thinking = join_thinking("\n\n".join(read.thoughts), extras.thinking)
        calls = join_calls(calls, extras.calls, where)
        self.conversation.turns.append(Turn("assistant", read.text, thinking or None, calls, extras.learn))

    def _add_calls(self, content: object, rest: dict[str, Any], number: int, speaker: Speaker) -> None:
        """Read a message that is a call; a think block before its JSON is left to be taken apart later.

        What convert wrote to keep the thinking of a tool loop is read back; it may hold no call.
        """
        where, text = f"turn {number}", ""
        if content is None and "name" in rest:
            content = {key: rest.pop(key) for key in ("name", "arguments") if key in rest}
        if isinstance(content, str) and is_kept_call(content):
            text, source = split_function(content)
            content = None if source.strip() == "[]" else source
        elif isinstance(content, str):
            before, close, behind = content.rpartition(CLOSE)
            content = behind.lstrip()
            text = before + close + behind[: len(behind) - len(content)]
        extras = read_extras(rest, where, self._leave)
        own = "" if content is None and (extras.calls or text) else self._calls(content, where)
        calls = join_calls(own, extras.calls, where)
        turns = self.conversation.turns
        joins = turns and turns[-1].role == "assistant" and not text.strip() and not extras.thinking
        if joins and turns[-1].learn == extras.learn:
            turns[-1].calls = joined_calls(turns[-1].calls, calls)
        else:
            turns.append(Turn("assistant", text, extras.thinking or None, calls, extras.learn))

    def _calls(self, value: object, where: str) -> str:
        calls = calls_text(value, where, lambda key: self._leave(f"content[].{key}"))
        if not calls:
            raise Reject("bad_tool_call", f"{where} is empty")
        return calls


def _speaker(message: Any, number: int) -> tuple[str, Speaker]:
    """Return the key of a message that names its role, and who that is."""
    if not isinstance(message, dict):
        raise Reject("bad_turns", f"turn {number} is {kind(message)}")
    key = role_key_of(message)
    name = message.get(key)
    speaker = speaker_of(name)
    if speaker is not None:
        return key, speaker
    if not key:
        raise Reject("unknown_role", f"turn {number} has no role; its keys are {excerpt(', '.join(message))}")
    raise Reject("unknown_role", f"turn {number}: {excerpt(name) if isinstance(name, str) else kind(name)}")
