"""JSON files in which the rows do not simply follow one another: found, read, and said."""

import gzip
import json
from pathlib import Path

import pytest

from lf_qwen3.data.sources import BadRow, cut, describe_reading, find_files, rows

ROWS = [
    {"instruction": "Name a lake.", "output": "Garda."},
    {"instruction": "Name a cape.", "output": "Horn."},
]
TALK = [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "Ash."}]
SHARED = [{"from": "human", "value": "Name a herb."}, {"from": "gpt", "value": "Dill."}]
TALKS = [{"messages": TALK}, {"messages": SHARED}]


def keyed(table, *keys):
    return [row | {"key": key} for row, key in zip(table, keys, strict=True)]


def read(path: Path, content: bytes | str, list_name: str = ""):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    [file] = find_files(f"{path}#{list_name}" if list_name else str(path))
    return file, [item for part in cut(file) for item in rows(part)]


def short(items):
    return [item.code if isinstance(item, BadRow) else item for item in items]


WRAPPED = [
    pytest.param({"data": ROWS}, ROWS, "the rows under 'data'", id="data"),
    pytest.param({"train": ROWS}, ROWS, "the rows under 'train'", id="train"),
    pytest.param({"qa_pairs": ROWS}, ROWS, "the rows under 'qa_pairs'", id="any_name"),
    pytest.param(
        {"version": "1.0", "data": ROWS, "license": {"name": "MIT"}, "note": ""},
        ROWS,
        "the rows under 'data'; not read beside them: version, license",
        id="with_something_beside",
    ),
    pytest.param(
        {"conversations": [{"conversations": SHARED}]},
        [{"conversations": SHARED}],
        "the rows under 'conversations'",
        id="conversations_of_rows",
    ),
    pytest.param(
        {"conversations": [TALK, SHARED]},
        TALKS,
        "the rows under 'conversations'",
        id="conversations_of_lists",
    ),
    pytest.param(
        {"items": [{"q": "a"}, {}]}, [{"q": "a"}, {}], "the rows under 'items'", id="unknown_columns"
    ),
    pytest.param(
        {
            "features": [{"feature_idx": 0, "name": "output"}],
            "rows": [{"row_idx": at, "row": row, "truncated_cells": []} for at, row in enumerate(ROWS)],
            "num_rows_total": 2,
        },
        ROWS,
        "the rows under 'rows'; pages of a hub's API; not read beside them: features, num_rows_total",
        id="page_of_a_hub",
    ),
    pytest.param(
        [{"row_idx": at, "row": row} for at, row in enumerate(ROWS)],
        ROWS,
        "pages of a hub's API",
        id="page_rows",
    ),
    pytest.param(
        {"dataset": {"name": "lakes", "rows": ROWS}, "version": 2},
        ROWS,
        "the rows under 'rows'; not read beside them: version, dataset.name",
        id="one_level_deeper",
    ),
    pytest.param(
        {"schema": {"fields": [{"name": "output"}]}, "data": ROWS},
        ROWS,
        "the rows under 'data'; not read beside them: schema",
        id="pandas_table",
    ),
    pytest.param(
        {"a1": ROWS[0], "a2": ROWS[1]}, keyed(ROWS, "a1", "a2"), "one row under each key", id="by_id"
    ),
    pytest.param({"a1": ROWS[0]}, keyed(ROWS[:1], "a1"), "one row under each key", id="one_row_by_id"),
    pytest.param(
        {"a1": {"id": "a1", "output": "x"}, "a2": {"id": "a2", "output": "y"}},
        [{"id": "a1", "output": "x"}, {"id": "a2", "output": "y"}],
        "one row under each key",
        id="by_an_id_that_the_row_holds",
    ),
    pytest.param(
        {"a1": {"key": "k", "output": "x"}, "a2": {"key": "k", "output": "y"}},
        [{"key": "k", "output": "x", "row_key": "a1"}, {"key": "k", "output": "y", "row_key": "a2"}],
        "one row under each key",
        id="by_id_with_a_column_key",
    ),
    pytest.param(
        {"a1": TALK, "a2": SHARED},
        keyed(TALKS, "a1", "a2"),
        "one row under each key",
        id="lists_of_messages_by_id",
    ),
    pytest.param(
        {"version": 3, "data": {"a1": ROWS[0], "a2": ROWS[1]}},
        keyed(ROWS, "a1", "a2"),
        "the rows under 'data'; one row under each key; not read beside them: version",
        id="by_id_one_level_deeper",
    ),
    pytest.param(
        {"instruction": ["Name a lake.", "Name a cape."], "output": ["Garda.", "Horn."]},
        ROWS,
        "column by column",
        id="columns",
    ),
    pytest.param(
        {"v": "1", "messages": [TALK, SHARED], "id": ["x", None]},
        [{"messages": TALK, "id": "x"}, {"messages": SHARED, "id": None}],
        "column by column; not read beside them: v",
        id="columns_with_messages",
    ),
    pytest.param(
        {"question": ["a", "b"], "answer": [1, 2.5], "meta": [{"x": [1]}, None]},
        [{"question": "a", "answer": 1, "meta": {"x": [1]}}, {"question": "b", "answer": 2.5, "meta": None}],
        "column by column",
        id="columns_of_any_type",
    ),
    pytest.param(
        {"instruction": {"0": "Name a lake.", "1": "Name a cape."}, "output": {"0": "Garda.", "1": "Horn."}},
        ROWS,
        "column by column",
        id="columns_of_pandas",
    ),
    pytest.param(
        {"messages": {"0": TALK, "1": SHARED}},
        TALKS,
        "the rows under 'messages'; column by column",
        id="one_column_of_pandas",
    ),
    pytest.param(
        {"question": {"x": "a", "y": "b"}, "answer": {"x": "c", "y": "d"}},
        keyed([{"question": "a", "answer": "c"}, {"question": "b", "answer": "d"}], "x", "y"),
        "column by column",
        id="columns_of_pandas_with_an_index",
    ),
    pytest.param(
        {"0": ROWS[0], "1": ROWS[1]}, keyed(ROWS, "0", "1"), "one row under each key", id="index_of_pandas"
    ),
    pytest.param(
        {"columns": ["instruction", "output"], "index": [0, 1], "data": [[*row.values()] for row in ROWS]},
        ROWS,
        "a table; not read beside them: index",
        id="split_of_pandas",
    ),
    pytest.param([TALK, SHARED], TALKS, "a list for each row", id="array_of_lists_of_messages"),
    pytest.param([[row] for row in ROWS], ROWS, "a list for each row", id="array_of_lists_of_one_row"),
]


@pytest.mark.parametrize(("value", "expected", "reading"), WRAPPED)
@pytest.mark.parametrize("indent", [None, 2])
def test_rows_are_found_and_said(tmp_path, value, expected, reading, indent):
    file, items = read(tmp_path / "x.json", json.dumps(value, indent=indent))
    assert items == expected
    assert describe_reading(file) == reading


@pytest.mark.parametrize("key", ["instances", "contents", "completions"])
def test_a_line_of_json_lines_is_one_row_whatever_lists_it_holds(tmp_path, key):
    row = {"instruction": "Name a lake.", key: [{"input": "a", "output": "b"}]}
    file, items = read(tmp_path / "x.jsonl", json.dumps(row) + "\n")
    assert (file.layout, items) == (None, [row])


@pytest.mark.parametrize("name", ["x.jsonl", "x"])
def test_a_wrapper_on_one_line_of_any_name(tmp_path, name):
    assert read(tmp_path / name, json.dumps({"data": ROWS}) + "\n")[1] == ROWS


def test_a_wrapper_that_is_packed_or_encoded(tmp_path):
    text = json.dumps({"note": "海水为什么是咸的？", "data": ROWS}, ensure_ascii=False)
    assert read(tmp_path / "x.json.gz", gzip.compress(text.encode()))[1] == ROWS
    assert read(tmp_path / "x.json", text.encode("utf-16"))[1] == ROWS
    assert read(tmp_path / "x.json", ("\ufeff" + text).encode())[1] == ROWS


PLAIN = [
    pytest.param({"messages": TALK}, id="messages"),
    pytest.param({"conversations": SHARED, "system": "s"}, id="conversations"),
    pytest.param({"conversation": [{"input": "a", "output": "b"}]}, id="turn_objects"),
    pytest.param({"question": "q", "options": [{"key": "A"}, {"key": "B"}], "answer": "A"}, id="options"),
    pytest.param({"prompt": TALK[:1], "chosen": TALK[1:], "rejected": TALK[1:]}, id="preference"),
    pytest.param({"instruction": "a", "output": "b", "history": [["c", "d"]]}, id="history"),
    pytest.param({"text": "a", "meta": {"source": "b"}}, id="text"),
    pytest.param({"question": "a", "steps": ["b", "c"], "solution": "d"}, id="list_of_steps"),
]


@pytest.mark.parametrize("value", PLAIN)
@pytest.mark.parametrize("indent", [None, 2])
def test_one_row_in_a_file_stays_one_row(tmp_path, value, indent):
    file, items = read(tmp_path / "x.json", json.dumps(value, indent=indent))
    assert (file.layout, items) == (None, [value])


@pytest.mark.parametrize("separator", ["\n", " ", ",\n"])
def test_objects_one_after_the_other_are_rows(tmp_path, separator):
    value = {"data": ROWS}
    file, items = read(tmp_path / "x.json", json.dumps(value, indent=1) + separator + json.dumps(value))
    assert (file.layout, items) == (None, [value, value])


def test_a_list_of_messages_on_each_line(tmp_path):
    lines = [json.dumps(TALK), json.dumps([1, 2]), json.dumps(ROWS[0]), "", json.dumps(SHARED)]
    file, items = read(tmp_path / "x.jsonl", "\n".join(lines) + "\n")
    assert short(items) == [TALKS[0], "not_object", ROWS[0], None, TALKS[1]]
    assert (file.kind, describe_reading(file)) == ("jsonl", "a list of messages on each line")


@pytest.mark.parametrize("first", [TALK, [{"role": "user", "content": "q" * 100_000}]], ids=["short", "long"])
@pytest.mark.parametrize("indent", [None, 1])
def test_lists_of_messages_one_after_the_other(tmp_path, first, indent):
    text = json.dumps(first, indent=indent) + "\n" + json.dumps(SHARED, indent=indent) + "\n"
    assert read(tmp_path / "x.json", text)[1] == [{"messages": first}, {"messages": SHARED}]
    *whole, last = read(tmp_path / "x.json", (text * 2)[:-10])[1]
    assert (len(whole), last.code) == (3, "truncated")


def test_a_row_that_the_hub_cut_is_rejected(tmp_path):
    pages = [{"row_idx": 0, "row": ROWS[0], "truncated_cells": ["output"]}, {"row_idx": 1, "row": ROWS[1]}]
    cut_row, whole = read(tmp_path / "x.json", json.dumps({"rows": pages}))[1]
    assert (cut_row.code, whole) == ("truncated", ROWS[1])
    assert "output" in cut_row.detail
