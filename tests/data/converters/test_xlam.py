import json

import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import detect
from lf_qwen3.data.converters.source_row import SourceRow
from lf_qwen3.data.converters.xlam import convert

CALLS = '[{"name": "weather", "arguments": {"city": "Bonn"}}]'
FLAT = [
    {"name": "weather", "description": "d", "parameters": {"city": {"type": "str", "description": "a city"}}}
]
TOOLS = json.dumps(FLAT)
ROW = {"query": "Rain?", "answers": CALLS, "tools": TOOLS}


def expected(**more):
    return Conversation([Turn("user", "Rain?"), Turn("assistant", "", calls=CALLS)], tools=TOOLS, **more)


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        {"id": 7, **ROW},
        {"question": "Rain?", "answers": json.loads(CALLS), "functions": FLAT},
        {"Query": "Rain?", "Answers": json.loads(CALLS)[0], "Tools": [json.dumps(FLAT[0])]},
        {**ROW, "answers": "[{'name': 'weather', 'arguments': {'city': 'Bonn'}}]", "tools": str(FLAT)},
    ],
)
def test_convert(row):
    """The flat form of the parameters is kept: the trainer and the template show it as it stands."""
    assert convert(SourceRow(row)) == expected()
    known = detect(row, (), lambda: [row])
    assert known is not None
    assert known.name == "xlam"


def test_thinking_and_system_are_taken_along():
    conversation = convert(SourceRow({**ROW, "reasoning": "A forecast.", "system": "S"}))
    assert (conversation.turns[1].thinking, conversation.system) == ("A forecast.", "S")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({**ROW, "answers": "[]"}, "no_answer"),
        ({**ROW, "answers": "It rains."}, "bad_tool_call"),
        ({**ROW, "query": None}, "missing_field"),
        ({**ROW, "tools": "weather"}, "bad_tools"),
    ],
)
def test_convert_rejects(row, code):
    with pytest.raises(Reject) as caught:
        convert(SourceRow(row))
    assert caught.value.code == code


def test_answers_that_are_no_calls_are_another_shape():
    row = {**ROW, "answers": "It rains."}
    known = detect(row, (), lambda: [row])
    assert known is None or known.name != "xlam"
