import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data.registry.text import EMPTY, parse

PATH = Path("dataset_info.json")
ENTRY = {"file_name": "b.jsonl", "columns": {"prompt": "p"}}


def spliced(text, put=(), drop=()):
    return parse(text.encode(), PATH).spliced(dict(put), drop)


LAYOUTS = {
    "two spaces": (
        '{\n  "a": {\n    "x": 1\n  }\n}\n',
        '{\n  "a": {\n    "x": 1\n  },\n  "b": {\n    "file_name": "b.jsonl",\n    "columns": {\n'
        '      "prompt": "p"\n    }\n  }\n}\n',
    ),
    "tabs, no newline at the end": (
        '{\n\t"a": {}\n,\t"c": {\n}}',
        '{\n\t"a": {}\n,\t"c": {\n},\n\t"b": {\n\t\t"file_name": "b.jsonl",\n\t\t"columns": {\n'
        '\t\t\t"prompt": "p"\n\t\t}\n\t}}',
    ),
    "compact": (
        '{"a":{"x":1},"c":{}}',
        '{"a":{"x":1},"c":{},"b":{"file_name":"b.jsonl","columns":{"prompt":"p"}}}',
    ),
    "one entry on one line": (
        '{"a":{}}\n',
        '{"a":{},"b":{"file_name":"b.jsonl","columns":{"prompt":"p"}}}\n',
    ),
    "as json.dump writes it": (
        '{"a": {}}',
        '{"a": {}, "b": {"file_name": "b.jsonl", "columns": {"prompt": "p"}}}',
    ),
    "an entry a line": (
        '{\n    "a": {"x": 1}\n}\n',
        '{\n    "a": {"x": 1},\n    "b": {"file_name": "b.jsonl", "columns": {"prompt": "p"}}\n}\n',
    ),
    "windows line ends": (
        '{\r\n  "a": {\r\n    "x": 1\r\n  }\r\n}\r\n',
        '{\r\n  "a": {\r\n    "x": 1\r\n  },\r\n  "b": {\r\n    "file_name": "b.jsonl",\r\n'
        '    "columns": {\r\n      "prompt": "p"\r\n    }\r\n  }\r\n}\r\n',
    ),
    "empty object": (
        "\n{ }",
        '\n{\n  "b": {\n    "file_name": "b.jsonl",\n    "columns": {\n      "prompt": "p"\n    }\n  }\n}',
    ),
}


@pytest.mark.parametrize(("before", "after"), LAYOUTS.values(), ids=LAYOUTS)
def test_an_added_entry_is_laid_out_as_its_neighbours(before, after):
    assert spliced(before, {"b": ENTRY}) == after


def test_a_new_file_has_two_spaces_and_a_newline():
    assert EMPTY.spliced({"a": {"x": 1}}, ()) == '{\n  "a": {\n    "x": 1\n  }\n}\n'


OTHERS = '{\n "a" :{"lr": 1.50e-05, "deep":{"u": [1,\n2]}},\n "b": {"x": 1},\n\n "c":{}\n}'


@pytest.mark.parametrize(
    ("drop", "left"),
    [
        (["a"], '{\n "b": {"x": 1},\n\n "c":{}\n}'),
        (["b"], '{\n "a" :{"lr": 1.50e-05, "deep":{"u": [1,\n2]}},\n\n "c":{}\n}'),
        (["c"], '{\n "a" :{"lr": 1.50e-05, "deep":{"u": [1,\n2]}},\n "b": {"x": 1}\n}'),
        (["a", "c"], '{\n "b": {"x": 1}\n}'),
        (["a", "b", "c"], "{}"),
        ([], OTHERS),
    ],
    ids=["first", "middle", "last", "both ends", "all", "none"],
)
def test_what_is_not_dropped_keeps_its_bytes(drop, left):
    assert spliced(OTHERS, drop=drop) == left


def test_an_entry_is_replaced_in_its_place():
    after = spliced('{"a": {"x": 1}, "b": {"y": 2}}', {"a": {"x": 3}})
    assert after == '{"a": {"x": 3}, "b": {"y": 2}}'


def test_all_dropped_and_one_added_keeps_the_layout():
    assert spliced('{\n\t"a": {\n\t}\n}', {"b": {"x": 1}}, ["a"]) == '{\n\t"b": {\n\t\t"x": 1\n\t}\n}'


def test_what_is_written_is_ascii_and_means_the_same():
    before = '{"a": {"file_name": "医疗 \U0001f600.jsonl"}}'
    after = spliced(before, {"b": {"file_name": "é.jsonl"}})
    assert after.isascii()
    assert json.loads(after) == {**json.loads(before), "b": {"file_name": "é.jsonl"}}


BROKEN = {
    "trailing comma": (b'{\n  "a": {},\n}', "line 3 column 1|line 2 column 10", "not valid JSON"),
    "cut short": (b'{\n  "a": {"x"', "line 2 column 12", "not valid JSON"),
    "comment": (b'{\n  // mine\n  "a": {}}', "line 2 column 3", "not valid JSON"),
    "empty": (b"", "line 1 column 1", "the file is empty"),
    "blank": (b" \n", "line 2 column 1", "the file is empty"),
    "list": (b'\n[{"a": 1}]', "line 2 column 1", "an object of datasets is due here, not a list"),
    "text": (b'"a"', "line 1 column 1", "not text"),
    "null": (b"null", "line 1 column 1", "not null"),
    "entry is text": (b'{\n  "a": {},\n  "b": "b.jsonl"}', "line 3 column 8", "'b' is text, not an object"),
    "entry is a list": (b'{"a": []}', "line 1 column 7", "'a' is a list, not an object"),
    "name twice": (b'{\n  "a": {},\n  "a": {}\n}', "line 3 column 3", "'a' stands twice"),
    "name twice, spelled otherwise": (b'{"a": {},\n "\\u0061": {}}', "line 2 column 2", "'a' stands twice"),
    "key twice within": (
        b'{"a": {"columns": {\n "x": "1",\n "x": "2"}}}',
        "line 3 column 2",
        "'x' stands twice",
    ),
    "not UTF-8": (b'{\n "a\xff": {}}', "line 2 column 4", "not UTF-8"),
    "UTF-16": ('{"a": {}}'.encode("utf-16"), "line 1 column 1", "not UTF-8"),
    "NUL bytes": (b"\0\0\0\0", "line 1 column 1", "not valid JSON"),
    "bottomless": (b'{"a":' * 100_000, "cannot be read|line", ""),
}


@pytest.mark.parametrize(("content", "place", "what"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_told_by_line_and_column(content, place, what):
    with pytest.raises(LfQwen3Error, match=place) as caught:
        parse(content, PATH)
    assert what in caught.value.message
    assert "nothing was written" in caught.value.hint


def test_the_same_key_in_two_objects_is_no_duplicate():
    assert parse(b'{"a": {"x": 1, "y": {"x": 2}}, "b": {"x": 1}}', PATH).entries.keys() == {"a", "b"}


def test_a_byte_order_mark_is_let_pass():
    document = parse(b'\xef\xbb\xbf{"a": {}}', PATH)
    assert (document.has_bom, document.entries) == (True, {"a": {}})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ENTRIES = st.dictionaries(
    st.text(max_size=5), st.dictionaries(st.text(max_size=5), JSON, max_size=3), max_size=4
)


@settings(deadline=None)
@given(
    ENTRIES,
    ENTRIES,
    st.data(),
    st.sampled_from([None, 0, 2, 4, "\t"]),
    st.booleans(),
    st.sampled_from(["", "\n"]),
)
def test_any_change_of_any_file_gives_the_file_meant(old, put, data, indent, ascii_only, end):
    drop = data.draw(st.sets(st.sampled_from(sorted(old)))) if old else set()
    before = json.dumps(old, indent=indent, ensure_ascii=ascii_only) + end
    after = spliced(before, put, drop - put.keys())
    meant = {name: put.get(name, value) for name, value in old.items() if name not in drop - put.keys()}
    assert list(json.loads(after).items()) == list({**meant, **put}.items())
    assert after.isascii()
    assert after.endswith(end)


@settings(deadline=None)
@given(ENTRIES, st.sampled_from([None, 2, "\t"]))
def test_adding_and_dropping_again_gives_the_same_bytes(old, indent):
    old = {**old, "kept": {"x": 1.0}}
    before = json.dumps(old, indent=indent)
    added = spliced(before, {"new!": {"y": []}}) if "new!" not in old else before
    assert spliced(added, drop=["new!"]) == before
