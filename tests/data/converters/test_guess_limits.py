"""Which columns of unknown names are proposed as question and answer, and which never are."""

import json

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.convert.resolve import resolve_sources
from lf_qwen3.data.converters.guess import guess_roles

SENTENCE = "Put the kettle on and wait until it sings."


@pytest.mark.parametrize(
    ("row", "roles"),
    [
        ({"Q": "Rain?", "A": "Take a hat.", "label": "0"}, {"question": "Q", "answer": "A"}),
        ({"q": "Rain?", "a": "Take a hat."}, {"question": "q", "answer": "a"}),
        (
            {"id": "T/0", "requirement": "Add two.", "plan_cot": SENTENCE, "code": "a + b"},
            {"question": "requirement", "thinking": "plan_cot", "answer": "code"},
        ),
        ({"usrmsg": "Tea?", "target_output": SENTENCE}, {"question": "usrmsg", "answer": "target_output"}),
        ({"prompt": "Tea?", "chosen": SENTENCE}, {"question": "prompt", "answer": "chosen"}),
        (
            {"QUESTION": "Is it tea?", "reasoning_pred": "yes", "LONG_ANSWER": SENTENCE},
            {"question": "QUESTION", "answer": "LONG_ANSWER"},
        ),
        (
            {"Question": "Tea?", "Best Answer1": "Yes.", "Best Answer2": "Sure.", "Wrong_Answer1": "Ink."},
            {"question": "Question", "answer": "Best Answer1"},
        ),
    ],
)
def test_the_likeliest_columns(row, roles):
    assert dict(guess_roles([row])) == roles


@pytest.mark.parametrize(
    "row",
    [
        {"answerKey": "A", "id": "1afa02df02c9", "question": {"stem": "Tea?", "choices": []}},
        {"prompt_hash": "2acef", "id": "2acef", "text": SENTENCE},
        {"id": "seed_0", "name": "tea_party", "instruction": "Make tea.", "instances": [{"output": "Done."}]},
        {"id": "1", "question_type": "single choice", "exam_class": "nursing", "answer": "D"},
        {"text": SENTENCE, "raw_data_id": "7"},
        {"prompt": "Tea?", "answer1": "Yes.", "answer2": "Ink."},
        {"instruction": "Tea?", "response1": "Yes.", "response2": "Ink.", "annotator1": 2},
        {"prompt": "Tea?", "response_a": "Yes.", "response_b": "Ink.", "winner": "a"},
    ],
)
def test_nothing_is_proposed_where_it_would_teach_noise(row):
    assert guess_roles([row]) == ()


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("mcq.csv", "What sings?,a kettle,a cup,A\nWhat boils?,a cup,water,B\n", "add a header row"),
        (
            "pairs.jsonl",
            json.dumps({"prompt": "Tea?", "response 1": "Yes.", "response 2": "Ink.", "label": 1}),
            "chosen=COLUMN,rejected=COLUMN",
        ),
    ],
)
def test_what_no_columns_can_cure_is_said(tmp_path, name, text, hint):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        resolve_sources([str(tmp_path / name)])
    assert caught.value.code == "no_converter_fits"
    assert hint in caught.value.hint
