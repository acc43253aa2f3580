"""The conversation: the one shape every source is turned into and every record is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Row = dict[str, Any]
"""One row of a source as its reader yields it: column name -> plain Python value."""

Role = Literal["user", "assistant", "tool"]


@dataclass(slots=True)
class Turn:
    """One message.

    `thinking` is the reasoning of an assistant turn without its tags, or None where there is none.
    `calls` is the JSON array of an assistant's tool calls ([{"name", "arguments"}, ...]) or "". An assistant
    turn that the source marks as not to be learnt has `learn` False: it is history and nothing else.
    """

    role: Role
    content: str
    thinking: str | None = None
    calls: str = ""
    learn: bool = True


@dataclass(slots=True)
class Conversation:
    """A dialogue that starts with a user turn and ends with the assistant turn to learn.

    `system` and `tools` (a JSON array) are "" when there are none. `rejected` is the losing answer of
    a preference pair; the winning one is then the last turn. `label` says of KTO data whether the last
    answer is good. `repairs` collects the codes of what had to be mended (keys of
    `lf_qwen3.base.reasons.REPAIRED`).
    """

    turns: list[Turn]
    system: str = ""
    tools: str = ""
    rejected: Turn | None = None
    label: bool | None = None
    repairs: set[str] = field(default_factory=set)
