"""What a column may be to a conversation, and the names that columns of each role have in the wild.

The first name of a role is the role's own: `--columns question=ask` gives the role to a column of any name.
"""

from __future__ import annotations

from collections.abc import Mapping

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import unknown_name

QUESTIONS = ("question", "problem", "prompt", "instruction")
INPUTS = ("input", "query")
THOUGHTS = (
    "thinking",
    "think",
    "reasoning",
    "reasoning_content",
    "cot",
    "complex_cot",
    "chain_of_thought",
    "rationale",
    "thought",
    "thoughts",
    "model_reasoning",
    "deepseek_reasoning",
    "deepseek_thinking_trajectory",
    "reasoning (reasoning_content)",
)
MODEL_ANSWERS = ("deepseek_solution", "deepseek_attempt", "generated_solution", "model_answer")
"""Named so where the set keeps its reference solution beside them; the reasoning belongs to these."""
ANSWERS = (
    "response",
    "output",
    "solution",
    "answer",
    "final_answer",
    "content",
    "response (content)",
)
DIALOGUES = ("messages", "conversations", "conversation")
CHOSEN = (
    *("chosen", "chosen_response", "chosen_answer", "chosen_output", "chosen_completion", "chosen_text"),
    *("chosen_messages", "chosen_message", "chosen_conversations", "chosen_conversation", "response_j"),
    *("preferred", "preferred_response", "preferred_answer", "preferred_output", "accepted"),
    *("accepted_answer", "better", "better_response", "better_answer", "winning_response"),
    *("good_response", "good_answer"),
)
REJECTED = (
    *("rejected", "rejected_response", "rejected_answer", "rejected_output", "rejected_completion"),
    *("rejected_text", "rejected_messages", "rejected_message", "rejected_conversations", "response_k"),
    *("rejected_conversation", "reject", "other", "other_response", "other_answer", "dispreferred"),
    *("dispreferred_response", "non_preferred", "nonpreferred", "non_preferred_response", "less_preferred"),
    *("worse", "worse_response", "worse_answer", "losing_response", "bad_response", "bad_answer"),
)

ROLES: Mapping[str, tuple[str, ...]] = {
    "question": QUESTIONS,
    "input": INPUTS,
    "thinking": THOUGHTS,
    "answer": ("answer", *MODEL_ANSWERS, *ANSWERS),
    "system": ("system",),
    "history": ("history",),
    "tools": ("tools", "functions", "function_description"),
    "messages": DIALOGUES,
    "chosen": CHOSEN,
    "rejected": REJECTED,
    "options": ("options",),
    "context": ("context",),
    "label": ("kto_tag",),
    "correct": (),
    "ignore": (),
}
"""Every role with its names, the role's own first."""

Roles = tuple[tuple[str, str], ...]
"""Pairs of a role and the column that has it."""


def parse_roles(text: str) -> Roles:
    """Return the roles that "question=ask,answer=reply" gives to columns.

    Several columns may be ignored: "ignore=id,ignore=label". Raises `UsageError` ("columns_syntax",
    "unknown_role_name", "role_twice").
    """
    pairs: list[tuple[str, str]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        role, equals, column = (piece.strip() for piece in part.partition("="))
        if not equals or not column:
            raise UsageError(
                f"--columns: '{part}' names no column", "write question=COLUMN", code="columns_syntax"
            )
        if role not in ROLES:
            raise unknown_name("role of a column", role, list(ROLES), code="unknown_column_role")
        if role != "ignore" and role in dict(pairs):
            raise UsageError(f"--columns: {role} is given to two columns", "choose one", code="role_twice")
        pairs.append((role, column))
    return tuple(pairs)


def write_roles(roles: Roles) -> str:
    """Return roles as `parse_roles` reads them."""
    return ",".join(f"{role}={column}" for role, column in roles)
