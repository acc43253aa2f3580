"""mlabonne/FineTome-100k and any ShareGPT data: a list of {from, value} turns."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation, Row
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._dialogue import add_columns, read
from lf_qwen3.data.converters.fields import columns_of, first_present

MESSAGES = ("conversations", "conversation")


@converter(
    "finetome",
    needs=[MESSAGES],
    may=("source", "score", "system", "tools", "id"),
    precedence=1,
    messages=MESSAGES,
)
def convert(row: Row) -> Conversation:
    """Take the turns of human, gpt, system, function_call and observation; source and score are left.

    {"conversations": [{"from": "human", "value": "Explain recursion."},
     {"from": "gpt", "value": "A function that calls itself …"}], "source": "FineTome", "score": 5.2}
    """
    row = columns_of(row)
    name = first_present(row, MESSAGES)
    return add_columns(read(row.get(name), name), row)
