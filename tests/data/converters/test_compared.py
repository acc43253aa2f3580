import pytest

from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import detect
from lf_qwen3.data.converters.compared import convert
from lf_qwen3.data.converters.source_row import SourceRow


def talk(answer):
    return [{"role": "user", "content": "Q"}, {"role": "assistant", "content": answer}]


@pytest.mark.parametrize(
    ("row", "left"),
    [
        ({"prompt": "Q", "response_0": "bad", "response_1": "good", "better_response_id": 1}, ()),
        ({"prompt": "Q", "response_0": "good", "response_1": "bad", "better_response_id": 0}, ()),
        ({"instruction": "Q", "input": "", "output_1": "good", "output_2": "bad", "preference": 1}, ()),
        ({"instruction": "Q", "output_1": "bad", "output_2": "good", "preference": 2.0, "id": 7}, ("id",)),
        ({"question": "Q", "answer_0": "bad", "answer_1": "good", "score_0": -1, "score_1": 0.5}, ()),
        ({"conversation_a": talk("bad"), "conversation_b": talk("good"), "winner": "model_b"}, ()),
        ({"prompt": "Q", "Response_A": "good", "Response_B": "bad", "Preferred": "A"}, ()),
        ({"prompt": "Q", "response1": "bad", "response2": "good", "better": "response2"}, ()),
        ({"prompt": "Q", "response_a": "bad", "response_b": "good", "chosen": "Response B"}, ()),
    ],
)
def test_the_answer_that_is_called_better_is_the_chosen_one(row, left):
    converter = detect(row, (), lambda: [row])
    assert converter
    assert converter.name == "compared"
    source = SourceRow(row)
    pair = converter.convert(source)
    assert pair.rejected
    assert [turn.content for turn in (*pair.turns, pair.rejected)] == ["Q", "good", "bad"]
    assert source.use().left == left


@pytest.mark.parametrize("verdict", ["tie", "both bad", "not 1", None, True, 2, -1, ""])
def test_a_verdict_that_names_neither_is_rejected(verdict):
    row = {"prompt": "Q", "response_0": "a", "response_1": "b", "better_response_id": verdict}
    with pytest.raises(Reject) as caught:
        convert(SourceRow(row))
    assert caught.value.code == "ranks_unfit"
    assert detect(row, (), lambda: [row]) is None


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"prompt": "Q", "response_a": "x", "response_b": "y", "chosen": "A", "rejected": "B"}, "compared"),
        ({"prompt": "Q", "response_a": "x", "response_b": "y", "chosen": "x", "rejected": "y"}, "preference"),
        ({"prompt": "Q", "response1": "a", "response2": "b", "preference": -2}, None),
        ({"prompt": "Q", "answer_0": "a", "answer_1": "b", "score_0": 1, "score_1": 1}, None),
    ],
)
def test_verdicts_of_another_kind_are_for_other_converters(row, name):
    converter = detect(row, (), lambda: [row])
    assert (converter.name if converter else None) == name
