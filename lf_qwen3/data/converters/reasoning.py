"""R1 distillation sets: a question, its reasoning and its answer, each in a column of its own."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation, Row
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._columns import CONTEXT, INPUTS, exchange

QUESTIONS = ("question", "problem", "prompt", "instruction")
THOUGHTS = (
    "think",
    "thinking",
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
ANSWERS = (
    "response",
    "output",
    "solution",
    "answer",
    "final_answer",
    "content",
    "response (content)",
)
MODEL_ANSWERS = ("deepseek_solution", "deepseek_attempt", "generated_solution", "model_answer")
"""Named so where the set keeps its reference solution beside them; the reasoning belongs to these."""


@converter("reasoning", needs=[QUESTIONS + INPUTS, ANSWERS + MODEL_ANSWERS], may=(*THOUGHTS, *CONTEXT))
def convert(row: Row) -> Conversation:
    """Take the first filled column of each kind, in any case; a row without reasoning is a plain turn.

    A long answer goes before a short one: solution, then answer, then final_answer.

    {"Question": "Why is salt bad for blood pressure?", "Complex_CoT": "Sodium holds water, so …",
     "Response": "It raises the volume of the blood …"}
    """
    return exchange(row, questions=QUESTIONS, answers=MODEL_ANSWERS + ANSWERS, thoughts=THOUGHTS)
