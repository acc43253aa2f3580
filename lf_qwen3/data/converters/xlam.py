"""xLAM and other sets of function calls: a query, the tools available, and the calls that answer it."""

from __future__ import annotations

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import converter
from lf_qwen3.data.converters._columns import CONTEXT, prompt
from lf_qwen3.data.converters._dialogue import add_columns
from lf_qwen3.data.converters.fields import first_present, optional_text
from lf_qwen3.data.converters.roles import INPUTS, QUESTIONS, THOUGHTS
from lf_qwen3.data.converters.source_row import SourceRow
from lf_qwen3.data.converters.tools import calls_text

_TOOLS = ("tools", "functions")


def _holds_calls(row: SourceRow) -> bool:
    try:
        return bool(calls_text(row.peek("answers"), "answers"))
    except Reject:
        return False


@converter(
    "xlam",
    needs=[(*INPUTS, *QUESTIONS), "answers", _TOOLS],
    may=(*THOUGHTS, *CONTEXT, "id"),
    recognise=_holds_calls,
)
def convert(row: SourceRow) -> Conversation:
    r"""Take query as the question and answers as calls; tools keep the form that they have.

    {"query": "Is it raining in Bonn?",
     "answers": "[{\"name\": \"weather\", \"arguments\": {\"city\": \"Bonn\"}}]",
     "tools": "[{\"name\": \"weather\", \"parameters\": {\"city\": {\"type\": \"str\"}}}]"}
    """
    calls = calls_text(row.get("answers"), "answers")
    if not calls:
        raise Reject("no_answer", "answers is empty")
    thinking = optional_text(row, first_present(row, THOUGHTS)) or None
    turns = [*prompt(row), Turn("assistant", "", thinking, calls)]
    return add_columns(Conversation(turns), row)
