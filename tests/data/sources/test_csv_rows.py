"""CSV: every value is text, every record has the header's fields or is a bad row."""

import codecs
import csv
import gzip
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.sources import BadRow, SourceFile, columns, cut, find_files, rows


def read(path: Path, content: bytes | str) -> list:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    [part] = cut(SourceFile(path, "csv"))
    return list(rows(part))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("a,b\n1,x\n", [{"a": "1", "b": "x"}], id="comma"),
        pytest.param("a;b\n1;x,y\n", [{"a": "1", "b": "x,y"}], id="semicolon"),
        pytest.param("a\tb\n1\tx,y;z\n", [{"a": "1", "b": "x,y;z"}], id="tab"),
        pytest.param('"a,1";b;c\n1;2;3\n', [{"a,1": "1", "b": "2", "c": "3"}], id="comma_inside_a_name"),
        pytest.param("a\n1\n", [{"a": "1"}], id="one_column"),
        pytest.param("\ufeffa,b\r\n1,x\r\n", [{"a": "1", "b": "x"}], id="byte_order_mark_and_crlf"),
        pytest.param('a,b\n"x\ny","he said ""hi"""\n', [{"a": "x\ny", "b": 'he said "hi"'}], id="quotes"),
        pytest.param("a,b\n,\n", [{"a": "", "b": ""}], id="empty_cells"),
        pytest.param("a,b\n1,x", [{"a": "1", "b": "x"}], id="no_line_end_at_the_end"),
        pytest.param(
            "\n\na,b\n1,x\n\n2,y\n", [{"a": "1", "b": "x"}, None, {"a": "2", "b": "y"}], id="blank_lines"
        ),
        pytest.param(",a\n0,x\n", [{"column_1": "0", "a": "x"}], id="index_column_of_pandas"),
        pytest.param("问,答\n高血压,限盐\n", [{"问": "高血压", "答": "限盐"}], id="chinese"),
        pytest.param("a,b\n", [], id="header_alone"),
        pytest.param("", [], id="empty_file"),
    ],
)
def test_records(tmp_path, content, expected):
    assert read(tmp_path / "x.csv", content) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(b"1", BadRow("malformed", "1 fields, the header has 2", "1"), id="too_few"),
        pytest.param(b"1,2,3", BadRow("malformed", "3 fields, the header has 2", "1,2,3"), id="too_many"),
        pytest.param(b"1,x\0y", BadRow("nul", "at character 4 of the row", "1,x\0y"), id="nul"),
        pytest.param(b"1,\xb8\xdf", BadRow("invalid_utf8", "", "1,\ufffd\ufffd"), id="invalid_utf8"),
        pytest.param(
            b'1,"x"y', BadRow("malformed", "',' expected after '\"'", '1,"x"y'), id="text_after_a_quote"
        ),
    ],
)
def test_bad_record_is_one_bad_row_and_the_rest_lives(tmp_path, record, expected):
    before, bad, after = read(tmp_path / "x.csv", b"a,b\n1,x\n" + record + b"\r\n2,y\n")
    assert (before, bad, after) == ({"a": "1", "b": "x"}, expected, {"a": "2", "b": "y"})


@pytest.mark.parametrize(
    ("tail", "detail"),
    [("2", "1 fields, the header has 2"), ('2,"y\nz', "a quote is opened and never closed")],
    ids=["field", "quote"],
)
def test_last_record_that_breaks_off_is_truncated(tmp_path, tail, detail):
    good, last = read(tmp_path / "x.csv", "a,b\n1,x\n" + tail)
    assert good == {"a": "1", "b": "x"}
    assert last == BadRow("truncated", detail, tail)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"a,a\n1,2\n", "duplicate column name 'a'", id="name_twice"),
        pytest.param(b"a,\xb8\xdf\n1,2\n", "it is not UTF-8 text", id="not_utf8"),
        pytest.param(b'"a"b,c\n1,2\n', "',' expected after '\"'", id="malformed"),
    ],
)
def test_a_header_that_is_none(tmp_path, content, problem):
    with pytest.raises(UsageError) as caught:
        read(tmp_path / "x.csv", content)
    assert caught.value.message == f"{tmp_path / 'x.csv'}: the header row cannot be used: {problem}"


def test_tsv_takes_the_tab_whatever_the_header_holds(tmp_path):
    path = tmp_path / "x.TSV"
    path.write_text("a,b,c\td\n1\t2\n")
    [file] = find_files(str(path))
    assert list(rows(cut(file)[0])) == [{"a,b,c": "1", "d": "2"}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=2, max_size=2
        )
    ),
    st.sampled_from(",;\t"),
    st.booleans(),
)
def test_what_a_csv_writer_writes_is_read_back(tmp_path, records, delimiter, has_mark):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b"], *records])
    content = codecs.BOM_UTF8 * has_mark + out.getvalue().encode()
    assert read(tmp_path / "x.csv", content) == [dict(zip("ab", record, strict=True)) for record in records]


def test_fifty_megabytes_in_one_cell(tmp_path):
    assert read(tmp_path / "x.csv", "a,b\n1," + "x" * 50_000_000 + "\n") == [
        {"a": "1", "b": "x" * 50_000_000}
    ]


def test_packed_that_breaks_off(tmp_path):
    path = tmp_path / "x.csv.gz"
    content = "a,b\n" + "".join(f"{n},{n * 7919}\n" for n in range(50_000))
    packed = gzip.compress(content.encode())
    path.write_bytes(packed[: len(packed) // 2])
    [file] = find_files(str(path))
    assert (file.kind, file.compression) == ("csv", "gzip")
    *good, last = rows(cut(file)[0])
    assert good == [{"a": str(n), "b": str(n * 7919)} for n in range(len(good))]
    assert len(good) > 20_000
    assert last.code == "truncated"
    assert "the gzip stream ends early" in last.detail


def test_packed_columns(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"a;b\n1;2\n"))
    assert columns(find_files(str(path))[0]) == ["a", "b"]


def test_memory_stays_flat(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n" + (b"1," + b"x" * 4000 + b"\n") * 5000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in rows(cut(SourceFile(path, "csv"))[0])) == 5000
        assert tracemalloc.get_traced_memory()[1] < 3 << 20
    finally:
        tracemalloc.stop()


def test_a_long_cell_is_read_and_the_limit_of_the_process_stays(tmp_path):
    before = csv.field_size_limit(1000)
    try:
        content = f"a,{'n' * 2000}\n{'x' * 5000},2\n"
        for row in read(tmp_path / "a.csv", content):
            assert csv.field_size_limit() == 1000
            assert [len(value) for value in row.values()] == [5000, 1]
    finally:
        assert csv.field_size_limit(before) == 1000
