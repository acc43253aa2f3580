"""OpenAI and ms-swift records: a list of {role, content} messages."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._dialogue import read_dialogue
from lf_qwen3.data.converters.roles import THOUGHTS
from lf_qwen3.data.converters.source_row import SourceRow

MESSAGES = ("messages",)


@converter(
    "messages", needs=MESSAGES, may=("system", "tools", "id", *THOUGHTS), precedence=1, messages=MESSAGES
)
def convert(row: SourceRow) -> Conversation:
    r"""Take system, developer, user, assistant and tool messages, with reasoning_content and tool_calls.

    {"messages": [{"role": "user", "content": "Is it raining in Bonn?"},
     {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function":
      {"name": "weather", "arguments": "{\"city\": \"Bonn\"}"}}]},
     {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "Yes."}],
     "tools": [{"type": "function", "function": {"name": "weather", "parameters": {}}}]}
    """
    return read_dialogue(row, MESSAGES)
