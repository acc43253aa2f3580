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
        '\n{ "b": {"file_name": "b.jsonl", "columns": {"prompt": "p"}} }',
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
        (["a", "b", "c"], "{\n}"),
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


def test_a_new_entry_is_ascii_and_the_others_keep_their_characters():
    before = '{"a": {"file_name": "医疗 \U0001f600.jsonl"}}'
    after = spliced(before, {"数": {"file_name": "é.jsonl"}})
    assert after == before[:-1] + ', "\\u6570": {"file_name": "\\u00e9.jsonl"}}'


BROKEN = {
    "trailing comma": (
        b'{\n  "a": {},\n\n}',
        "line 4 column 1",
        "not valid JSON: one comma too many on line 2",
    ),
    "trailing comma within": (b'{"a":\n{"x": [1,\n]}}', "line 3 column 1", "one comma too many on line 2"),
    "two commas": (b'{"a": {},\n,"b": {}}', "line 2 column 1", "one comma too many on line 2"),
    "a comma first": (b'{\n, "a": {}}', "line 2 column 1", "one comma too many on line 2"),
    "a comma after all": (b'{"a": {}\n},\n', "line 2 column 2", "one comma too many on line 2"),
    "no comma": (b'{"a": {}\n\n"b": {}}', "line 3 column 1", "a comma is missing at the end of line 1"),
    "cut short": (b'{\n  "a": {"x"', "line 2 column 12", "not valid JSON"),
    "comment": (b'{\n  // mine\n  "a": {}}', "line 2 column 3", "JSON has no comments"),
    "empty": (b"", "line 1 column 1", "the file is empty"),
    "blank": (b" \n", "line 2 column 1", "the file is empty"),
    "list": (b'\n[{"a": 1}]', "line 2 column 1", "expected an object of datasets, not a list"),
    "text": (b'"a"', "line 1 column 1", "not text"),
    "null": (b"null", "line 1 column 1", "not null"),
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
    assert after.endswith(end)


SPACE = st.sampled_from(["", "", " ", "\n", "\r\n", "\t", "\n  ", "\n    ", "\r\n\t", "\r", "\n\n"])
NUMBERS = st.sampled_from(["0", "-0", "1.50", "2E+05", f"{10**30}", "NaN", "true", "null"])
WORDS = st.text(st.sampled_from('ab é数😀\u2028/"\\\n\t'), max_size=5)


@st.composite
def spelt_text(draw, words=WORDS):
    """Draw a JSON string: each character as it is, or by one of its escapes."""
    spelt = []
    for char in draw(words):
        escape = json.dumps(char)[1:-1]
        codes = json.dumps(char)[1:-1] if ord(char) > 0xFFFF else f"\\u{ord(char):04X}"
        raw = [char] if char not in '"\\\n\t' else []
        spelt.append(draw(st.sampled_from([*raw, escape, codes, *["\\/"] * (char == "/")])))
    return '"' + "".join(spelt) + '"'


@st.composite
def spelt_object(draw, values, braces="{}"):
    """Draw an object, or a list: any white space between its parts, names twice included."""
    parts = []
    for value in draw(st.lists(values, max_size=4)):
        name = draw(spelt_text()) + draw(SPACE) + ":" + draw(SPACE) if braces == "{}" else ""
        parts.append(draw(SPACE) + name + value + draw(SPACE))
    return braces[0] + (",".join(parts) or draw(SPACE)) + braces[1]


VALUES = st.recursive(
    NUMBERS | spelt_text(),
    lambda inner: spelt_object(inner) | spelt_object(inner, "[]"),
    max_leaves=5,
)
NEW = {"file_name": "数.jsonl", "columns": {"prompt": "p"}}


def others_of(document, *names):
    return [
        document.text[member.start : member.end] for member in document.members if member.name not in names
    ]


@settings(deadline=None, max_examples=60)
@given(st.tuples(SPACE, spelt_object(spelt_object(VALUES) | VALUES), SPACE).map("".join), st.data())
def test_whatever_others_wrote_keeps_its_bytes(before, data):
    document = parse(before.encode(), PATH)
    added = parse(document.spliced({"new!": NEW, "new?": {}}, ()).encode(), PATH)
    assert (
        json.loads(added.text) | {"new!": 0} == json.loads(before) | {"new!": 0, "new?": {}}
        or "NaN" in before
    )
    assert (added.entries["new!"], others_of(added, "new!", "new?")) == (NEW, others_of(document))
    one_left = parse(added.spliced({}, ["new!"]).encode(), PATH)
    assert one_left.spliced({}, ["new?"]) == added.spliced({}, ["new!", "new?"]) == before
    for name in document.values:
        other = data.draw(st.sampled_from(sorted({*document.values} - {name}) or ["new?"]))
        changed = parse(added.spliced({name: NEW}, [other]).encode(), PATH)
        assert others_of(changed, name) == others_of(added, name, other)
        assert changed.entries[name] == NEW
