import pytest

from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import detect
from lf_qwen3.data.converters.source_row import SourceRow


def pair(row):
    """Return question, chosen and rejected answer, and what was left."""
    source = SourceRow(row)
    converter = detect(row, (), lambda: [row])
    assert converter
    conversation = converter.convert(source)
    assert conversation.repairs == {"ranked_list"}
    assert conversation.rejected
    texts = [turn.content for turn in (*conversation.turns, conversation.rejected)]
    return texts, source.use().left


THREE = ["bad", "good", "so so"]


@pytest.mark.parametrize(
    ("row", "left"),
    [
        ({"instruction": "Q", "input": "", "output": ["good", "bad"]}, ()),
        ({"instruction": "Q", "input": "", "output": ["good", "so so", "bad"]}, ("output[].others",)),
        ({"instruction": "Q", "output": THREE, "rank": [3, 1, 2]}, ("output[].others",)),
        ({"prompt": "Q", "responses": THREE, "ranks": [2, 0, 1]}, ("responses[].others",)),
        ({"question": "Q", "answers": THREE, "scores": [0.1, 0.9, 0.5]}, ("answers[].others",)),
        ({"query": "Q", "completions": ["bad", "good"], "rewards": [-1, 1]}, ()),
        ({"prompt": "\n\nHuman: Q\n\nAssistant: ", "answers": ["bad", "good"], "ranks": [2.0, 1.0]}, ()),
        ({"Prompt": "Q", "Responses": ["bad", "good"], "Ratings": [1, 5], "id": 3}, ("id",)),
    ],
)
def test_the_best_and_the_worst_are_a_pair(row, left):
    assert pair(row) == (["Q", "good", "bad"], left)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"prompt": "Q", "responses": ["a", "b"], "ranks": [1, 1]}, "ranks_unfit"),
        ({"prompt": "Q", "responses": ["a", "b"], "ranks": [1]}, "ranks_unfit"),
        ({"prompt": "Q", "responses": ["a", "b"], "scores": ["1", "2"]}, "ranks_unfit"),
        ({"prompt": "Q", "responses": ["a", "b"], "scores": [1, float("nan")]}, "ranks_unfit"),
        ({"prompt": None, "responses": ["a", "b"], "ranks": [1, 2]}, "missing_field"),
    ],
)
def test_what_is_not_ranked_is_rejected(row, code):
    converter = detect(row, (), lambda: [row])
    assert converter
    with pytest.raises(Reject) as caught:
        converter.convert(SourceRow(row))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Q", "responses": "a", "ranks": [1]},
        {"prompt": "Q", "responses": ["a", "b"]},
        {"prompt": "Q", "answers": [{"answer": "a"}, {"answer": "b"}]},
        {"question": "Q", "answer": "a", "scores": [1, 2]},
    ],
)
def test_lists_without_ranks_are_for_other_converters(row):
    converter = detect(row, (), lambda: [row])
    assert converter is None or converter.name != "ranked"


def test_history_and_system_come_along():
    row = {"instruction": "Q", "input": "", "output": ["a", "b"], "history": [["q", "a"]], "system": "S"}
    converter = detect(row, (), lambda: [row])
    assert converter
    conversation = converter.convert(SourceRow(row))
    assert (len(conversation.turns), conversation.system) == (4, "S")
