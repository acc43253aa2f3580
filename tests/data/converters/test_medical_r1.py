import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data import converters
from lf_qwen3.data.convert.normalise import normalise
from lf_qwen3.data.convert.rules import all_rules, require_sound
from lf_qwen3.data.converters.medical_r1 import convert
from lf_qwen3.data.converters.source_row import SourceRow

ROW = {"instruction": "D", "question": "Q", "think": "R", "answer": "A", "metrics": {"quality_f1": 1.0}}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(ROW, id="as-published"),
        pytest.param({"Instruction": None, "question": "Q", "think": "R", "answer": "A"}, id="capital"),
        pytest.param({name.upper(): value for name, value in ROW.items()}, id="upper-case"),
    ],
)
def test_convert(row):
    assert convert(SourceRow(row)) == Conversation([Turn("user", "Q"), Turn("assistant", "A", thinking="R")])


@pytest.mark.parametrize("name", ["question", "think", "answer"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param(None, "missing_field", id="null"),
        pytest.param(3, "not_text", id="number"),
        pytest.param(["R"], "not_text", id="list"),
        pytest.param({"text": "R"}, "not_text", id="object"),
    ],
)
def test_convert_is_strict(name, value, code):
    with pytest.raises(Reject) as caught:
        convert(SourceRow({**ROW, name: value}))
    assert caught.value.code == code
    assert caught.value.detail.startswith(name)


def test_every_row_converts_with_its_thinking_and_without_a_repair(medical_rows):
    converter = converters.detect(medical_rows[0])
    assert len(medical_rows) >= 80
    for row in medical_rows:
        conversation = converter.convert(SourceRow(row))
        normalise(conversation)
        require_sound(conversation, all_rules())
        question, answer = conversation.turns
        assert (question.content, answer.content) == (row["question"].strip(), row["answer"].strip())
        assert answer.thinking == row["think"].strip()
        assert conversation.repairs == set()
