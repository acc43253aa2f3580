"""OpenMOSS's moss-003-sft-data: an object of numbered turns whose texts carry MOSS's own marks."""

from __future__ import annotations

import re
from typing import Any

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._dialogue import add_columns, read_messages
from lf_qwen3.data.converters.fields import optional_text
from lf_qwen3.data.converters.source_row import SourceRow, is_filled
from lf_qwen3.qwen3.thinking import excerpt

_MARKED = re.compile(r"\s*<\|[^|<>]+\|>:?(.*?)(?:<eo[a-z]>)?\s*", re.DOTALL)


@converter("moss", needs=["chat", ("meta_instruction", "num_turns")], leaves=("num_turns",), precedence=1)
def convert(row: SourceRow) -> Conversation:
    """Take what Human and MOSS say without the marks, and inner thoughts as thinking.

    The meta instruction is the system text. Commands are code, no JSON, and are refused.

    {"meta_instruction": "You are MOSS.", "num_turns": 1, "chat": {"turn_1": {
     "Human": "<|Human|>: Name a moss.<eoh>", "Inner Thoughts": "<|Inner Thoughts|>: None<eot>",
     "Commands": "<|Commands|>: None<eoc>", "Tool Responses": "<|Results|>: None<eor>",
     "MOSS": "<|MOSS|>: Sphagnum.<eom>"}}}
    """
    chat = row.get("chat")
    turns = chat.values() if isinstance(chat, dict) else ()
    if not turns or not all(isinstance(turn, dict) for turn in turns):
        raise Reject("bad_turns", "chat is not an object of turns")
    conversation = read_messages({name: _bare_turn(turn) for name, turn in chat.items()}, row, "chat")
    conversation.system = optional_text(row, "meta_instruction")
    return add_columns(conversation, row)


def _bare_turn(turn: dict[str, Any]) -> dict[str, Any]:
    """Return a turn without the marks, and without what says None."""
    bare = {name: _bare(text) for name, text in turn.items()}
    bare = {name: text for name, text in bare.items() if text != "None"}
    for name in ("Commands", "Tool Responses"):
        if is_filled(bare.get(name)):
            raise Reject("bad_tool_call", f"{name} is not JSON: {excerpt(str(bare[name]))}")
    return bare


def _bare(text: Any) -> Any:
    match = _MARKED.fullmatch(text) if isinstance(text, str) else None
    return match[1].strip() if match else text
