"""Self-Instruct's seed tasks, and BELLE's: one instruction with several inputs and outputs."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._dialogue import add_columns
from lf_qwen3.data.converters.fields import first_present, kind, optional_text, text
from lf_qwen3.data.converters.roles import QUESTIONS
from lf_qwen3.data.converters.source_row import SourceRow, is_filled

_READ = ("input", "output")


@converter("instances", needs=[QUESTIONS, ("instances",)], may=("system",))
def convert(row: SourceRow) -> Conversation:
    """Take the instruction with the first instance, or with `Reading.every` a record of each.

    {"instruction": "Name a rhyme.", "instances": [{"input": "day", "output": "may"}]}
    """
    items, place = row.get("instances"), f"{row.column('instances')}[]"
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise Reject("not_text", f"instances is {kind(items)}")
    if row.reading.every:
        row.attempts = len(items)
    elif len(items) > 1:
        row.repairs.add("first_of_several")
        row.leave(f"{place}.others")
    item = items[row.attempt]
    for key in item:
        if key not in _READ and is_filled(item[key]):
            row.leave(f"{place}.{key}")
    named = {f"instances: {key}": item.get(key) for key in _READ}
    given, answer = named
    question = "\n".join(
        filter(str.strip, (text(row, first_present(row, QUESTIONS)), optional_text(named, given)))
    )
    return add_columns(Conversation([Turn("user", question), Turn("assistant", text(named, answer))]), row)
