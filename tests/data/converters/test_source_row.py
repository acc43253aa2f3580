"""How a converter reads a row, and what is known afterwards of the columns that it did not read."""

import math

import pytest

from lf_qwen3.base.errors import Reject, UsageError
from lf_qwen3.data.converters.fields import first_present, require_text_only
from lf_qwen3.data.converters.roles import parse_roles, write_roles
from lf_qwen3.data.converters.source_row import ColumnUse, SourceRow, names_of_columns


def source(row, roles=""):
    return SourceRow(row, names_of_columns(tuple(row), parse_roles(roles)))


def test_columns_are_read_in_any_case_and_named_as_they_are_written():
    row = source({"Question": "q", "ID": 7, "Score": 0, "blank": " ", "none": None, "nan": math.nan})
    assert (row.get("question"), row.get("answer"), "question" in row, row.get("nan")) == (
        "q",
        None,
        True,
        None,
    )
    assert row.use() == ColumnUse(("Question",), ("ID", "Score"), (), ("Score",), ("Score",))
    assert row["none"] is None
    assert row["blank"] == " "


def test_what_is_left_is_told_apart_by_its_content():
    row = source({"a": "x" * 101, "b": "x" * 100, "c": ["x" * 51, "y" * 51], "d": "True", "e": {"k": 1}})
    row.leave("messages[].weight")
    assert row.use() == ColumnUse((), ("messages[].weight", *"abcde"), ("a", "c"), ("d",))


def test_the_first_filled_column_is_read_and_a_blank_is_not():
    row = source({"think": " ", "reasoning": "r", "cot": "c"})
    assert first_present(row, ("think", "reasoning", "cot")) == "reasoning"
    assert first_present(source({"think": " "}), ("cot", "think")) == "think"


@pytest.mark.parametrize(
    ("row", "read"),
    [
        ({"question": "1", "Question": "2", "Complex_CoT": "t", "Response": "a"}, "2"),
        ({"Question": "2", "question": "1", "Complex_CoT": "t", "response": "a"}, "2"),
        ({"Question": "2", "question": "1", "think": "t", "Response": "a"}, "1"),
        ({"QUESTION": "3", "question": "1", "ANSWER": "a"}, "3"),
    ],
)
def test_of_columns_that_differ_in_case_the_one_written_like_its_siblings_is_read(row, read):
    assert source(row).get("question") == read


def test_columns_that_differ_in_case_are_refused_where_nothing_decides():
    row = source({"question": "1", "Question": "2", "answer": "a", "Response": "b"})
    with pytest.raises(Reject) as caught:
        row.get("question")
    assert (caught.value.code, caught.value.detail) == ("column_clash", "question and Question")
    assert row.get("answer") == "a"


def test_a_role_belongs_to_the_column_that_has_it_alone():
    row = source({"prompt": "p", "ask": "q", "answer": "a"}, "question=ask")
    assert (row.get("question"), row.get("prompt"), row.get("ask"), row.get("answer")) == (
        "q",
        None,
        None,
        "a",
    )
    assert row.use() == ColumnUse(("ask", "answer"), ("prompt",))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("question", "columns_syntax"),
        ("question=", "columns_syntax"),
        ("qestion=a", "unknown_column_role"),
        ("question=a,question=b", "role_twice"),
    ],
)
def test_roles_that_cannot_be_read(text, code):
    with pytest.raises(UsageError) as caught:
        parse_roles(text)
    assert caught.value.code == code


def test_roles_are_written_as_they_are_read():
    text = "question=a b,answer=问=题,ignore=x,ignore=y"
    assert write_roles(parse_roles(text)) == text
    assert parse_roles(" , ") == ()


@pytest.mark.parametrize("column", ["image", "Images", "video", "videos", "audio", "audios"])
def test_a_row_with_pictures_video_or_audio_is_refused(column):
    require_text_only(source({column: []}))
    with pytest.raises(Reject) as caught:
        require_text_only(source({column: ["a.png"]}))
    assert caught.value.code == "multimodal"
