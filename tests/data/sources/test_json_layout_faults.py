"""JSON files of other layouts that are broken, hold several lists of rows, or are large."""

import json
import tracemalloc
from pathlib import Path

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.sources import BadRow, cut, describe_reading, find_files, rows

ROWS = [
    {"instruction": "Name a lake.", "output": "Garda."},
    {"instruction": "Name a cape.", "output": "Horn."},
]
TALK = [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "Ash."}]
SHARED = [{"from": "human", "value": "Name a herb."}, {"from": "gpt", "value": "Dill."}]
TALKS = [{"messages": TALK}, {"messages": SHARED}]


def read(path: Path, content: bytes | str, list_name: str = ""):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    [file] = find_files(f"{path}#{list_name}" if list_name else str(path))
    return file, [item for part in cut(file) for item in rows(part)]


def short(items):
    return [item.code if isinstance(item, BadRow) else item for item in items]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param('{"v": 1, "data": [{"a": 1}, {"a": "x', [{"a": 1}, "truncated"], id="in_a_row"),
        pytest.param('{"data": [{"a": 1}, {"a": 1}', [{"a": 1}, {"a": 1}, "truncated"], id="in_the_array"),
        pytest.param(
            '{"data": [{"a": 1}, {"a": tru}, {"a": 1}]}', [{"a": 1}, "malformed", {"a": 1}], id="a_word"
        ),
        pytest.param(
            '{"data": [{"a": 1}, {"a": 2, {"a": 1}], "v": "x"}',
            [{"a": 1}, "malformed", {"a": 1}, "malformed"],
            id="a_brace_is_missing",
        ),
        pytest.param(
            '{"r1": {"a": "x"}, "r2": {"a": "y"', [{"a": "x", "key": "r1"}, "truncated"], id="by_id"
        ),
        pytest.param(
            '{"r1": {"a": "x"}, "r2": {"a" 1}, "r3": {"a": "z"}}',
            [{"a": "x", "key": "r1"}, "malformed", {"a": "z", "key": "r3"}],
            id="a_colon_is_missing_by_id",
        ),
        pytest.param(
            b'{"r1": {"a": "x"}, "r2": {"a": "\xff"}, "r3": {"a": "z"}}',
            [{"a": "x", "key": "r1"}, "invalid_utf8", {"a": "z", "key": "r3"}],
            id="no_utf8_by_id",
        ),
        pytest.param(
            b'{"question": ["a", "b", "c"], "answer": ["x", "\xff", null]}',
            [
                {"question": "a", "answer": "x"},
                "invalid_utf8",
                {"question": "c", "answer": None},
            ],
            id="no_utf8_in_a_column",
        ),
    ],
)
def test_what_is_broken_costs_itself_and_is_said(tmp_path, content, expected):
    assert short(read(tmp_path / "x.json", content)[1]) == expected


def test_a_broken_first_line_does_not_hide_the_lines_below(tmp_path):
    lines = '{"data": [{"a": 1}], bad}\n' + "".join(json.dumps(row) + "\n" for row in ROWS)
    assert short(read(tmp_path / "x.jsonl", lines)[1]) == ["malformed", *ROWS]


def refused(path, value, list_name=""):
    with pytest.raises(UsageError) as caught:
        read(path, json.dumps(value), list_name)
    return caught.value


SPLITS = {"train": ROWS, "test": ROWS[:1]}


@pytest.mark.parametrize(
    "value",
    [
        SPLITS,
        {"data": SPLITS},
        {"train": {"a1": ROWS[0]}, "test": {"a2": ROWS[1]}},
        {"train": [TALK, TALK], "test": [TALK, TALK]},
    ],
    ids=["lists", "one_level_deeper", "by_id", "lists_of_messages"],
)
def test_several_lists_are_refused_by_name(tmp_path, value):
    error = refused(tmp_path / "x.json", value)
    assert error.code == "several_lists"
    assert "train (" in error.message
    assert "test (" in error.message
    assert f"{tmp_path / 'x.json'}#train" in error.hint


@pytest.mark.parametrize("value", [SPLITS, {"data": SPLITS}], ids=["top", "one_level_deeper"])
def test_one_of_several_lists_is_read_by_name(tmp_path, value):
    file, items = read(tmp_path / "x.json", json.dumps(value), "test")
    assert items == ROWS[:1]
    assert file.label.endswith("x.json#test")
    assert "train" in describe_reading(file)


def test_a_list_that_is_not_there_is_refused_with_the_nearest(tmp_path):
    error = refused(tmp_path / "x.json", SPLITS, "tain")
    assert error.code == "list_missing"
    assert "train" in error.hint
    assert refused(tmp_path / "x.json", ROWS, "train").code == "list_missing"


def test_a_file_whose_name_holds_a_hash_is_a_file(tmp_path):
    assert read(tmp_path / "x#train.json", json.dumps(ROWS))[1] == ROWS


def test_columns_of_different_lengths_are_refused(tmp_path):
    error = refused(tmp_path / "x.json", {"question": ["a", "b"], "answer": ["c"]})
    assert error.code == "columns_unequal"
    assert "question (2), answer (1)" in error.message


BIG = "x" * 4000


@pytest.mark.parametrize(
    ("opening", "element", "closing"),
    [
        pytest.param('{"v": 1, "data": [', '{"a": "%s"}', "]}", id="wrapper"),
        pytest.param("{", '"k%d": {"a": "%s"}', "}", id="by_id"),
        pytest.param("[", '[{"role": "user", "content": "%s"}]', "]", id="lists_of_messages"),
        pytest.param('{"a": [', '"%s"', "]}", id="column"),
    ],
)
def test_memory_stays_flat(tmp_path, opening, element, closing):
    path = tmp_path / "x.json"
    numbered = "%d" in element
    middle = ",\n".join(element % ((at, BIG) if numbered else BIG) for at in range(2000))
    if opening == '{"a": [':
        middle += '], "b": [' + ",\n".join(element % BIG for _ in range(2000))
    path.write_text(opening + middle + closing)
    tracemalloc.start()
    try:
        [file] = find_files(str(path))
        assert sum(isinstance(item, dict) for item in rows(cut(file)[0])) == 2000
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
