"""JSON arrays and objects one after the other: boundaries found anywhere, one bad element costs itself."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lf_qwen3.data.sources import BadRow, SourceFile, cut, find_files, rows
from lf_qwen3.data.sources.json_scan import Scanner


def read(path: Path, content: bytes) -> list:
    path.write_bytes(content)
    [part] = cut(SourceFile(path, "json"))
    return list(rows(part))


def short(items: list) -> list:
    return [item.code if isinstance(item, BadRow) else item for item in items]


A, B, C = {"a": 1}, {"b": [{"c": "]}"}]}, {"d": '\\"'}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(json.dumps([A, B, C]), [A, B, C], id="one_line"),
        pytest.param(json.dumps([A, B, C], indent=2), [A, B, C], id="indented"),
        pytest.param(json.dumps([A, B, C], indent=0), [A, B, C], id="every_line_at_the_margin"),
        pytest.param(json.dumps([A, B, C], indent="\t").replace("\n", "\r\n"), [A, B, C], id="tabs_and_crlf"),
        pytest.param("[\n" + ",\n".join(map(json.dumps, [A, B, C])) + "\n]\n", [A, B, C], id="one_a_line"),
        pytest.param("\ufeff" + json.dumps([A, B]), [A, B], id="byte_order_mark"),
        pytest.param("[]", [], id="empty_array"),
        pytest.param("", [], id="empty_file"),
        pytest.param(json.dumps(A), [A], id="one_object"),
        pytest.param(
            json.dumps({"data": [A, B]}),
            [{"data": [A, B]}],
            id="an_object_with_an_array_and_no_layout_is_one_row",
        ),
        pytest.param(
            "\n".join(json.dumps(one, indent=4) for one in [A, B, C]), [A, B, C], id="pretty_printed_objects"
        ),
        pytest.param("".join(map(json.dumps, [A, B, C])), [A, B, C], id="objects_without_a_gap"),
        pytest.param(
            ",\n".join(map(json.dumps, [A, B, C])), [A, B, C], id="objects_with_commas_and_no_array"
        ),
        pytest.param(json.dumps([A]) + "\n" + json.dumps([B]), [A, B], id="two_arrays"),
        pytest.param(json.dumps(A) + "\n" + json.dumps([B]), [A, B], id="object_then_array"),
        pytest.param(
            '[{"a": NaN, "b": 1}]'.replace("NaN", "Infinity"), [{"a": float("inf"), "b": 1}], id="infinity"
        ),
        pytest.param('[{"a": 1},]', [A], id="comma_before_the_end"),
        pytest.param(
            '[{"a": 1}, 5, "x", [1, {"y": 2}], null, {"a": 1}]', [A, *["not_object"] * 4, A], id="not_objects"
        ),
        pytest.param('[{"a": 1}, {"a": tru}, {"a": 1}]', [A, "malformed", A], id="bad_word"),
        pytest.param('[{"a": 1}, {"a" 1}, {"a": 1}]', [A, "malformed", A], id="no_colon"),
        pytest.param('[{"a": 1}, {"a": "he said "hi" to"}, {"a": 1}]', [A, "malformed", A], id="bare_quotes"),
        pytest.param(
            '[{"a": 1}, {"a": "x"} y"z" }, {"a": 1}]', [A, "malformed", A], id="stray_text_after_an_element"
        ),
        pytest.param('[{"a": 1}, {"a": [1, 2}, {"a": 1}]', [A, "malformed", A], id="no_inner_bracket"),
        pytest.param('[{"a": 1}, {"a": 2, {"a": 1}]', [A, "malformed", A], id="no_closing_brace"),
        pytest.param('[{"a": 1}, {"a": 2]', [A, "malformed"], id="no_closing_brace_in_the_last"),
        pytest.param(
            '[{"a": 1}, {"a" {"b": 2}}, {"a": 1}]', [A, "malformed", A], id="inner_object_without_colon"
        ),
        pytest.param('[\n{"a": "x},\n{"a": 1},\n{"a": 1}\n]', ["malformed", A, A], id="no_closing_quote"),
        pytest.param('[\n{"a": "x" y", "b": 2},\n{"a": 1}\n]', ["malformed", A], id="odd_quotes"),
        pytest.param(
            '[\n {\n  "a": "x,\n  "b": 2\n },\n {\n  "a": 1\n }\n]',
            ["malformed", A],
            id="odd_quotes_indented",
        ),
        pytest.param('[\n{"a": 1}\n{"a": 1}\n]', [A, A], id="no_comma_between"),
        pytest.param('[{"a": "\\ud800"}, {"a": 1}]', ["surrogate", A], id="surrogate"),
        pytest.param("hello", ["malformed"], id="no_json"),
        pytest.param('{"a": 1}\nhello\n{"a": 1}', ["malformed", A], id="stray_words_between_objects"),
    ],
)
def test_elements(tmp_path, content, expected):
    assert short(read(tmp_path / "x.json", content.encode())) == expected


@pytest.mark.parametrize(
    ("content", "good", "detail", "raw"),
    [
        pytest.param('[{"a": 1}, {"a": "x', [A], "inside a text", '{"a": "x', id="in_a_text"),
        pytest.param('[{"a": 1}, {"a": "x\\', [A], "inside a text", '{"a": "x\\', id="in_an_escape"),
        pytest.param('[{"a": 1}, {"a": 1', [A], "closing } of this row", '{"a": 1', id="in_an_object"),
        pytest.param('[{"a": 1}, {"a": [', [A], "closing ] of this row", '{"a": [', id="in_an_inner_array"),
        pytest.param('[{"a": 1}, nul', [A], "closing ] of the array", "nul", id="in_a_word"),
        pytest.param('[{"a": 1}', [A], "closing ] of the array", "", id="before_the_bracket"),
        pytest.param('[{"a": 1},\n', [A], "closing ] of the array", "", id="after_a_comma"),
        pytest.param("[", [], "closing ] of the array", "", id="after_the_first_bracket"),
        pytest.param(
            '{"a": 1}\n{"a": ', [A], "closing } of this row", '{"a":', id="objects_without_an_array"
        ),
    ],
)
def test_a_text_cut_short_is_one_truncated_row(tmp_path, content, good, detail, raw):
    *found, last = read(tmp_path / "x.json", content.encode())
    assert found == good
    assert (last.code, last.raw) == ("truncated", raw)
    assert detail in last.detail


def test_a_cut_inside_a_character_is_truncated(tmp_path):
    [last] = read(tmp_path / "x.json", '[{"a": "高'.encode()[:-1])
    assert (last.code, last.raw) == ("truncated", '[{"a": "\ufffd'[1:])


def test_invalid_utf8_costs_one_element(tmp_path):
    assert short(read(tmp_path / "x.json", b'[{"a": "\xff"}, {"a": 1}]')) == ["invalid_utf8", A]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
SPACE = st.text(" \t\r\n", max_size=4)


@st.composite
def written(draw: st.DrawFn, value: object) -> str:
    """A JSON value as text, with white space wherever it may stand."""

    def space() -> str:
        return draw(SPACE)

    if isinstance(value, list):
        inside = ",".join(space() + draw(written(one)) + space() for one in value)
        return f"[{inside or space()}]"
    if isinstance(value, dict):
        pairs = [
            f"{space()}{text(key)}{space()}:{space()}{draw(written(one))}{space()}"
            for key, one in value.items()
        ]
        return "{" + (",".join(pairs) or space()) + "}"
    return text(value, draw(st.booleans()))


def text(value: object, is_ascii: bool = False) -> str:
    return json.dumps(value, ensure_ascii=is_ascii)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.lists(JSON, max_size=6), st.integers(1, 40))
def test_any_array_in_any_blocks_gives_what_json_gives(data, values, block):
    content = (data.draw(SPACE) + data.draw(written(values)) + data.draw(SPACE)).encode()
    scanner = Scanner()
    found = [raw for at in range(0, len(content), block) for raw in scanner.feed(content[at : at + block])]
    assert [json.loads(raw) for raw in found] == json.loads(content) == values
    assert (scanner.left(), scanner.missing()) == (b"", "")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.lists(st.dictionaries(st.text(), JSON, max_size=3), max_size=5), st.integers(1, 40))
def test_any_objects_one_after_the_other(data, values, block):
    content = "".join(data.draw(SPACE) + data.draw(written(value)) for value in values).encode()
    scanner = Scanner()
    found = [raw for at in range(0, len(content), block) for raw in scanner.feed(content[at : at + block])]
    assert [json.loads(raw) for raw in [*found, scanner.left()] if raw] == values


@settings(deadline=None)
@given(st.text('[]{},:"\\ \na1é', max_size=60), st.integers(1, 20))
def test_no_rubbish_is_lost_or_fatal(content, block):
    raw = content.encode()
    scanner = Scanner()
    found = [one for at in range(0, len(raw), block) for one in scanner.feed(raw[at : at + block])]
    whole = Scanner()
    assert [*found, scanner.left()] == [*whole.feed(raw), whole.left()]
    separators = b'[],{}" \n'
    kept = b"".join([*found, scanner.left()])
    assert [one for one in kept if one not in separators] == [one for one in raw if one not in separators]


@pytest.mark.parametrize(
    "value",
    [{"a": "字" * 17_000_000}, {"a": [{"b": i} for i in range(100_000)]}, {"a": '\\"' * 3_000_000}],
    ids=["one_text", "many_objects", "many_escapes"],
)
def test_a_huge_element_is_looked_at_once(tmp_path, value):
    content = json.dumps([value, A], ensure_ascii=False).encode()
    assert read(tmp_path / "x.json", content) == [value, A]


def test_packed_array(tmp_path):
    path = tmp_path / "x.json.gz"
    path.write_bytes(gzip.compress(json.dumps([A, B, C]).encode()))
    [file] = find_files(str(path))
    assert (file.kind, file.compression) == ("json", "gzip")
    assert list(rows(cut(file)[0])) == [A, B, C]


def test_packed_array_that_breaks_off(tmp_path):
    path = tmp_path / "x.json.gz"
    values = [{"n": n, "t": str(n * 7919)} for n in range(30_000)]
    packed = gzip.compress(json.dumps(values).encode())
    path.write_bytes(packed[: len(packed) // 2])
    *good, last = rows(cut(find_files(str(path))[0])[0])
    assert good == values[: len(good)]
    assert len(good) > 10_000
    assert last.code == "truncated"
    assert "the gzip stream ends early" in last.detail


def test_memory_stays_flat(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b"[" + b",\n".join([b'{"a": "' + b"x" * 4000 + b'"}'] * 5000) + b"]")
    tracemalloc.start()
    try:
        assert sum(1 for _ in rows(cut(SourceFile(path, "json"))[0])) == 5000
        assert tracemalloc.get_traced_memory()[1] < 3 << 20
    finally:
        tracemalloc.stop()
