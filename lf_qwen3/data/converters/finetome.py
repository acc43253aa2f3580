"""mlabonne/FineTome-100k and any ShareGPT data: a list of {from, value} turns."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._dialogue import read_dialogue
from lf_qwen3.data.converters.roles import THOUGHTS
from lf_qwen3.data.converters.source_row import SourceRow

MESSAGES = ("conversations", "conversation")


@converter(
    "finetome",
    needs=[MESSAGES],
    may=("system", "tools", "id", *THOUGHTS),
    leaves=("source", "score"),
    precedence=1,
    messages=MESSAGES,
)
def convert(row: SourceRow) -> Conversation:
    """Take the turns of human, gpt, system, function_call and observation; source and score are left.

    {"conversations": [{"from": "human", "value": "Explain recursion."},
     {"from": "gpt", "value": "A function that calls itself …"}], "source": "FineTome", "score": 5.2}
    """
    return read_dialogue(row, MESSAGES)
