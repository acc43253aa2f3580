"""A question and its answer in columns of any usual name, with the reasoning beside them or in the answer."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._columns import CONTEXT, exchange
from lf_qwen3.data.converters._transcript import unfold_prompt
from lf_qwen3.data.converters.roles import INPUTS, QUESTIONS, READ_IN_ORDER, THOUGHTS
from lf_qwen3.data.converters.source_row import SourceRow


@converter("reasoning", needs=[(*QUESTIONS, *INPUTS), READ_IN_ORDER["answer"]], may=(*THOUGHTS, *CONTEXT))
def convert(row: SourceRow) -> Conversation:
    """Take the first filled column of each kind, in any case; a row without reasoning is a plain turn.

    A model's own answer goes before the set's, whose reasoning it is not, and a long answer before a short
    one: solution, then answer, then final_answer.

    {"Question": "Why is salt bad for blood pressure?", "Complex_CoT": "Sodium holds water, so …",
     "Response": "It raises the volume of the blood …"}
    """
    return unfold_prompt(exchange(row))
