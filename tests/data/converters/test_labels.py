"""Which columns say whether an answer is good, and what they say."""

import pytest

from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.labels import find_label, is_against, is_verdict, read_label
from lf_qwen3.data.converters.source_row import SourceRow, names_of_columns


def row(value, role="label"):
    return SourceRow({"mark": value}, names_of_columns(("mark",), ((role, "mark"),)))


@pytest.mark.parametrize(
    "value", [True, 1, 1.0, "1", "True", " yes ", "Correct", "good", "desirable", "thumbs_up", "对"]
)
def test_a_label_says_yes(value):
    assert read_label(row(value)) is True
    assert read_label(row(value, "correct")) is None


@pytest.mark.parametrize(
    "value", [False, 0, 0.0, -1, "0", "false", "No", "incorrect", "bad", "undesirable", "错误"]
)
def test_a_label_says_no(value):
    assert read_label(row(value)) is False
    with pytest.raises(Reject) as caught:
        read_label(row(value, "correct"))
    assert (caught.value.code, caught.value.detail) == ("marked_wrong", "mark")


@pytest.mark.parametrize("value", [None, "", 2, 0.5, "perhaps", {"a": 1}, float("nan")])
@pytest.mark.parametrize("role", ["label", "correct"])
def test_a_label_that_says_neither(value, role):
    with pytest.raises(Reject) as caught:
        read_label(row(value, role))
    assert caught.value.code == "label_unclear"


def test_a_row_without_the_column_is_unclear():
    names = names_of_columns(("answer",), (("label", "mark"),))
    with pytest.raises(Reject) as caught:
        read_label(SourceRow({"answer": "a"}, names))
    assert caught.value.code == "label_unclear"


def test_only_a_column_that_was_named_is_read():
    assert read_label(SourceRow({"label": False, "correct": 0})) is None


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        ([{"label": True}, {"label": False}], "label"),
        ([{"Label": "True"}, {"Label": "false"}], "Label"),
        ([{"label": None}, {"label": True}], "label"),
        ([{"kto_tag": 1}, {"kto_tag": 0}], "kto_tag"),
        ([{"kto_tag": "good", "label": True}], "kto_tag"),
        ([{"label": 1}, {"label": 0}], ""),
        ([{"label": True}, {"label": 3}], "label"),
        ([{"label": "true"}, {"label": "half-true"}], ""),
        ([{"label": "positive"}], ""),
        ([{"label": None}], ""),
        ([{"is_correct": True}], ""),
    ],
)
def test_find_label(rows, column):
    assert find_label(rows[0], rows) == column


@pytest.mark.parametrize(
    "name",
    [
        *("is_correct", "isCorrect", "correct", "Correctness", "answer_correctness", "model_is_correct"),
        *("verified", "is_verified", "math_verify", "valid", "is_valid", "passed", "tests_passed"),
        *("test_pass", "accept", "accepted", "label", "labels", "binary_label", "score", "verifier_score"),
        *("llm_judge_correct", "incorrect", "is_wrong", "kto_tag", "is_chosen", "success", "exact_match"),
    ],
)
def test_names_of_a_verdict(name):
    assert is_verdict(name)


@pytest.mark.parametrize(
    "name",
    [
        *("is_multiturn", "valid_json", "is_valid_json", "label_source", "correct_format", "has_code"),
        *("is_reasoning", "passage", "passage_id", "validation", "validated_by", "scored_by", "score_name"),
        *("language", "has_image", "is_safe", "passed_filter_date", "correction", "labeled_by", "", "2"),
        *("accept_language", "is_translated", "category_label", "answer", "final_answer"),
    ],
)
def test_names_of_no_verdict(name):
    assert not is_verdict(name)


def test_where_yes_means_wrong():
    assert [name for name in ("is_wrong", "incorrect", "correct", "label") if is_against(name)] == [
        "is_wrong",
        "incorrect",
    ]
