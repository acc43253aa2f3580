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

    `thinking` is the reasoning of an assistant turn without its tags, or None. `calls` is the JSON array of
    an assistant's tool calls ([{"name", "arguments"}, ...]) or "". An assistant turn that the source
    excludes from the loss has `learn` False: it is history only.
    """

    role: Role
    content: str
    thinking: str | None = None
    calls: str = ""
    learn: bool = True


@dataclass(slots=True)
class Conversation:
    """A conversation that starts with a user turn and ends with the assistant turn to train on.

    `system` and `tools` (a JSON array) are "" when there are none. `rejected` is the rejected answer of a
    preference pair; the last turn is then the chosen answer. `label` is the KTO label of the last answer,
    True for good. `repairs` lists the codes of repairs (keys of `lf_qwen3.base.reasons.REPAIRED`).
    """

    turns: list[Turn]
    system: str = ""
    tools: str = ""
    rejected: Turn | None = None
    label: bool | None = None
    repairs: set[str] = field(default_factory=set)
