"""krisfu/delicate_medical_r1_data: Chinese medical questions with R1 reasoning."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._columns import CONTEXT, exchange
from lf_qwen3.data.converters.fields import text
from lf_qwen3.data.converters.source_row import SourceRow

FLAT = ("question", "think", "answer")


@converter("medical_r1", needs=[*FLAT, "metrics"], may=CONTEXT, flat=FLAT, leaves=("instruction", "metrics"))
def convert(row: SourceRow) -> Conversation:
    """Take question, think and answer; instruction (the question's draft) and metrics are left alone.

    All three must hold text; a null is a rejection. With a column of a system text, options or a context
    beside them the rows are no longer those of the public set, and are read as `reasoning` reads them.

    {"instruction": "…", "question": "高血压患者为什么要限盐？", "think": "嗯，用户想知道……",
     "answer": "限盐可以……", "metrics": {"quality_f1": 1.0}}
    """
    if row.names.beside:
        return exchange(row)
    answer = Turn("assistant", text(row, "answer"), thinking=text(row, "think"))
    return Conversation([Turn("user", text(row, "question")), answer])
