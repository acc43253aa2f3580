"""krisfu/delicate_medical_r1_data: Chinese medical questions with R1 reasoning."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation, Row, Turn
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters.fields import columns_of, text

FLAT = ("question", "think", "answer")


@converter("medical_r1", needs=[*FLAT, ("instruction", "metrics")], flat=FLAT)
def convert(row: Row) -> Conversation:
    """Take question, think and answer; instruction (the question's draft) and metrics are left alone.

    All three must hold text; a null is a rejection.

    {"instruction": "…", "question": "高血压患者为什么要限盐？", "think": "嗯，用户想知道……",
     "answer": "限盐可以……", "metrics": {"quality_f1": 1.0}}
    """
    row = columns_of(row)
    answer = Turn("assistant", text(row, "answer"), thinking=text(row, "think"))
    return Conversation([Turn("user", text(row, "question")), answer])
