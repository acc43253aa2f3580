"""R1 distillation sets: a question, its reasoning and its answer, each in a column of its own."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._columns import CONTEXT, exchange
from lf_qwen3.data.converters.roles import ANSWERS, INPUTS, MODEL_ANSWERS, QUESTIONS, THOUGHTS
from lf_qwen3.data.converters.source_row import SourceRow


@converter("reasoning", needs=[QUESTIONS + INPUTS, ANSWERS + MODEL_ANSWERS], may=(*THOUGHTS, *CONTEXT))
def convert(row: SourceRow) -> Conversation:
    """Take the first filled column of each kind, in any case; a row without reasoning is a plain turn.

    A long answer goes before a short one: solution, then answer, then final_answer.

    {"Question": "Why is salt bad for blood pressure?", "Complex_CoT": "Sodium holds water, so …",
     "Response": "It raises the volume of the blood …"}
    """
    return exchange(row, questions=QUESTIONS, answers=MODEL_ANSWERS + ANSWERS, thoughts=THOUGHTS)
