"""Alpaca records, and ms-swift's query/response records: one exchange in columns, thinking in the answer."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._columns import CONTEXT, exchange, is_side_by_side
from lf_qwen3.data.converters._transcript import unfold_prompt
from lf_qwen3.data.converters.ranked import is_ranked, read_ranked
from lf_qwen3.data.converters.roles import INPUTS, TASKS
from lf_qwen3.data.converters.source_row import SourceRow


@converter("alpaca", needs=[(*TASKS, "prompt", *INPUTS), ("output", "response")], may=CONTEXT)
def convert(row: SourceRow) -> Conversation:
    """Take instruction and input as the question, output as the answer; null columns are no columns.

    {"instruction": "Translate into French.", "input": "Good morning", "output": "Bonjour",
     "system": "You are a translator.", "history": [["Translate 'cat'.", "chat"]]}

    An output that lists several answers makes a pair of the best and the worst (`ranked`).
    """
    if is_ranked(row, "output") and not is_side_by_side(row):
        return read_ranked(row, "output")
    return unfold_prompt(exchange(row))
