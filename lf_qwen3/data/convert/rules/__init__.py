"""Rules that one conversation must keep; one rule is one function, in a separate file kind.

    @rule("code", good=..., bad=...)
    def name(conversation) -> Breach | None: ...

A rule returns None where all is well, or the `Breach` to report; its message and its hint are under the
same code in `lf_qwen3.base.reasons`. `good` and `bad` are its examples: the tests run them. What a rule
shares with a check of the same code is defined in `lf_qwen3.data.row_defects`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.base.discovery import import_all
from lf_qwen3.base.errors import Reject


class Breach(NamedTuple):
    """What breaks a rule; `detail` says where, "" where the code says all."""

    detail: str = ""


Test = Callable[[Conversation], Breach | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that may be wrong with a conversation."""

    code: str
    test: Test
    good: Conversation
    bad: Conversation


_RULES: list[Rule] = []


def rule(code: str, *, good: Conversation, bad: Conversation) -> Callable[[Test], Test]:
    """Register the decorated function as the rule behind `code`."""

    def register(function: Test) -> Test:
        _RULES.append(Rule(code, function, good, bad))
        return function

    return register


def all_rules() -> list[Rule]:
    """Return every rule, in the order of their codes."""
    import_all(__name__)
    return sorted(_RULES, key=lambda rule: rule.code)


def require_sound(conversation: Conversation, rules: list[Rule]) -> None:
    """Raise `Reject` with the code of the first of `rules` that the conversation breaks."""
    for rule in rules:
        breach = rule.test(conversation)
        if breach is not None:
            raise Reject(rule.code, breach.detail)
