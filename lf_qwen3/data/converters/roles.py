"""What a column may be to a conversation, and the names that columns of each role have in the wild.

The first name of a role is the role's own: `--columns question=ask` gives the role to a column of any name.
"""

from __future__ import annotations

from collections.abc import Mapping

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import unknown_name

TASKS = ("instruction", "instruct", "task_description", "指令")
"""Named so where a column says what to do, and another has the question or the input."""
QUESTIONS = (
    *("question", "problem", "prompt", "ask", "user_prompt", "user_question", "user_input", "user_message"),
    *("problem_statement", "user", "human", "问题", "问", "提问", "题目", "用户", *TASKS),
)
INPUTS = ("input", "query", "输入")
CONTEXTS = (
    *("context", "contexts", "passage", "passages", "paragraph", "article", "document", "documents"),
    *("background", "body", "story", "上下文", "背景", "材料"),
)
OPTIONS = ("options", "choices", "option", "choice", "answer_choices", "candidate_answers", "选项")
THOUGHTS = (
    *("thinking", "think", "reasoning", "reasoning_content", "cot", "complex_cot", "chain_of_thought"),
    *("rationale", "thought", "thoughts", "model_reasoning", "deepseek_reasoning"),
    *("deepseek_thinking_trajectory", "reasoning (reasoning_content)"),
    *("cot_content", "long_cot", "think_content", "thinking_content", "thought_content"),
    *("thinking_process", "thought_process", "reasoning_process", "reasoning_text", "reasoning_trace"),
    *("thinking_trace", "thinking_trajectory", "thinking_trajectories", "reasoning_trajectory"),
    *("reasoning_trajectories", "trajectory", "trajectories", "reasoning_chain", "reasoning_chains"),
    *("reasoning_steps", "solution_steps", "thinking_steps", "steps", "analysis", "scratchpad"),
    *("思考", "思考过程", "思维链", "思维过程", "推理", "推理过程", "分析"),
)
MODEL_ANSWERS = (
    *("deepseek_solution", "deepseek_attempt", "generated_solution", "model_answer", "model_response"),
    *("attempt", "attempts"),
)
"""Named so where the set keeps its reference solution beside them; the reasoning belongs to these."""
ANSWERS = (
    *("response", "output", "solution", "answer", "final_answer", "content", "response (content)"),
    *("completion", "target", "reply", "assistant_response", "assistant_output", "assistant_message"),
    *("assistant", "gpt", "generation", "target_text", "correct_answer", "answers", "answerkey"),
    *("answer_key", "correct_option", "correct_choice", "回答", "答案", "答", "回复", "输出"),
)
ATTEMPTS = ("generations", "completions", "responses", "outputs")
"""Lists of answers to one question."""
SYSTEMS = (
    *("system", "system_prompt", "sys", "sys_prompt", "system_message", "persona", "系统提示"),
    *("system_instruction", "systeminstruction"),
)
DIALOGUES = ("messages", "conversations", "conversation")
CHOSEN = (
    *("chosen", "chosen_response", "chosen_answer", "chosen_output", "chosen_completion", "chosen_text"),
    *("chosen_messages", "chosen_message", "chosen_conversations", "chosen_conversation", "response_j"),
    *("preferred", "preferred_response", "preferred_answer", "preferred_output", "accepted"),
    *("accepted_answer", "better", "better_response", "better_answer", "winning_response"),
    *("good_response", "good_answer", "win", "winner", "优选", "优选回答", "接受", "好的回答"),
)
REJECTED = (
    *("rejected", "rejected_response", "rejected_answer", "rejected_output", "rejected_completion"),
    *("rejected_text", "rejected_messages", "rejected_message", "rejected_conversations", "response_k"),
    *("rejected_conversation", "reject", "other", "other_response", "other_answer", "dispreferred"),
    *("dispreferred_response", "non_preferred", "nonpreferred", "non_preferred_response", "less_preferred"),
    *("worse", "worse_response", "worse_answer", "losing_response", "bad_response", "bad_answer"),
    *("non_preferred_output", "lose", "loser", "非优选", "劣选回答", "拒绝", "拒绝回答", "坏的回答"),
)

ROLES: Mapping[str, tuple[str, ...]] = {
    "question": QUESTIONS,
    "input": INPUTS,
    "thinking": THOUGHTS,
    "answer": ("answer", *MODEL_ANSWERS, *ANSWERS, *ATTEMPTS),
    "system": SYSTEMS,
    "history": ("history",),
    "tools": ("tools", "functions", "function_description"),
    "messages": DIALOGUES,
    "chosen": CHOSEN,
    "rejected": REJECTED,
    "options": OPTIONS,
    "context": CONTEXTS,
    "label": ("kto_tag",),
    "correct": (),
    "ignore": (),
}
"""Every role with its names, the role's own first."""
READ_IN_ORDER: Mapping[str, tuple[str, ...]] = {
    "task": TASKS,
    "question": tuple(name for name in QUESTIONS if name not in TASKS),
    "input": INPUTS,
    "context": CONTEXTS,
    "options": OPTIONS,
    "thinking": THOUGHTS,
    "answer": (*MODEL_ANSWERS, *ANSWERS, *ATTEMPTS),
    "attempts": ATTEMPTS,
    "system": SYSTEMS,
}
"""The names that a row of columns is read by: of each kind the first that is filled."""
BESIDE = frozenset(
    name for role in ("system", "input", "context", "options", "history", "tools") for name in ROLES[role]
)
"""Columns that mean something beside a question and its answer, or beside a dialogue."""

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
            raise UsageError(
                f"--columns: two columns for the role {role}", "name one column", code="role_twice"
            )
        pairs.append((role, column))
    return tuple(pairs)


def write_roles(roles: Roles) -> str:
    """Return roles as `parse_roles` reads them."""
    return ",".join(f"{role}={column}" for role, column in roles)
