"""JSON lines: what each kind of line becomes, and that a file may be cut anywhere."""

import gzip
import json
import pickle
import random
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.data.sources import BadRow, Part, SourceFile, cut, find_files, rows, size


def read(path: Path, content: bytes) -> list:
    path.write_bytes(content)
    return read_file(SourceFile(path, "jsonl"))


def read_file(file: SourceFile, **options: int) -> list:
    return [item for part in cut(file, **options) for item in rows(part)]


def zstd(content: bytes, path: Path) -> bytes:
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(content)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b'{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}], id="plain"),
        pytest.param(b'{"a": 1}\r\n{"a": "x"}\r\n', [{"a": 1}, {"a": "x"}], id="crlf"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}], id="byte_order_mark"),
        pytest.param(b'{"a": 1}\n{"a": 2}', [{"a": 1}, {"a": 2}], id="no_line_end_at_the_end"),
        pytest.param(
            b'\n{"a": 1}\n \t\r\n{"a": 2}\n', [None, {"a": 1}, None, {"a": 2}], id="blank_lines_count"
        ),
        pytest.param('{"问": "高血压"}\n'.encode(), [{"问": "高血压"}], id="chinese"),
        pytest.param(b'{"a": Infinity, "b": "x"}\n', [{"a": float("inf"), "b": "x"}], id="infinity_is_taken"),
        pytest.param(b'{"a": "\\ud83d\\ude00"}\n', [{"a": "😀"}], id="whole_surrogate_pair"),
        pytest.param(b'{"a": NaN, "b": "\\ud83d\\ude00"}\n', None, id="whole_pair_on_the_slow_path"),
        pytest.param(b"", [], id="empty_file"),
    ],
)
def test_good_lines(tmp_path, content, expected):
    found = read(tmp_path / "x.jsonl", content)
    if expected is None:
        assert found[0]["b"] == "😀"
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("line", "code", "detail"),
    [
        pytest.param(b'{"a": 1', "malformed", "Expecting ',' delimiter, column 8", id="malformed"),
        pytest.param(b'{"a": "x\0y"}', "malformed", "Invalid control character", id="raw_nul"),
        pytest.param(b"\0\0\0\0", "malformed", "Expecting value, column 1", id="hole_of_nul_bytes"),
        pytest.param(b'{"a": "x"} {"b": 1}', "malformed", "Extra data, column 12", id="two_in_a_line"),
        pytest.param(b'{"a": "\xff"}', "invalid_utf8", "byte 0xff at byte 8 of the row", id="invalid_utf8"),
        pytest.param(b'{"a": "\\ud83d"}', "surrogate", "\\ud83d in a", id="surrogate"),
        pytest.param(b'{"a": {"b": ["\\udc00"]}}', "surrogate", "\\udc00 in a", id="surrogate_further_in"),
        pytest.param(b'{"\\ud800": 1}', "surrogate", "\\ud800 in \\ud800", id="surrogate_in_a_name"),
        pytest.param(b"[1, 2]", "not_object", "it is an array", id="array"),
        pytest.param(b"null", "not_object", "it is null", id="null"),
        pytest.param(b'"text"', "not_object", "it is a text", id="text"),
        pytest.param(b"NaN", "not_object", "it is a number", id="nan"),
        pytest.param(b"[" * 100_000, "malformed", "nested too deeply", id="nested_too_deeply"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", "malformed", "5000 digits", id="number_too_long"),
    ],
)
def test_bad_line_is_one_bad_row_and_the_rest_lives(tmp_path, line, code, detail):
    before, bad, after = read(tmp_path / "x.jsonl", b'{"a": 1}\n' + line + b'\r\n{"a": 2}\n')
    assert (before, after) == ({"a": 1}, {"a": 2})
    assert (bad.code, bad.raw) == (code, line.decode("utf-8", "replace"))
    assert detail in bad.detail
    assert bad.code in REJECTED


@pytest.mark.parametrize(
    "tail",
    [b'{"a": "br', b'{"a": "\xe9\xab', b'{"a": "\\ud8', b'{"a": 1'],
    ids=["text", "character", "escape", "brace"],
)
def test_last_line_that_breaks_off_is_truncated(tmp_path, tail):
    *good, last = read(tmp_path / "x.jsonl", b'{"a": 1}\n' + tail)
    assert good == [{"a": 1}]
    assert (last.code, last.raw) == ("truncated", tail.decode("utf-8", "replace"))


LINES = st.sampled_from(
    [
        b'{"a": 1}',
        b'{"b": "' + b"x" * 40 + b'"}',
        b"",
        b"  ",
        b'{"a": ',
        b"[]",
        '{"问": "答"}'.encode(),
        b'"\xff"',
        b"{}\r",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(LINES, max_size=20), st.booleans(), st.booleans(), st.integers(1, 120))
def test_any_cut_gives_the_same_items(tmp_path, lines, has_mark, ends, part_bytes):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" * has_mark + b"\n".join(lines) + b"\n" * ends)
    file = SourceFile(path, "jsonl")
    whole = list(rows(Part(file, 0, None)))
    parts = cut(file, part_bytes)
    assert [item for part in parts for item in rows(part)] == whole
    assert sum(map(size, parts)) == path.stat().st_size
    assert whole == read_as_a_whole(path.read_bytes())


def read_as_a_whole(content: bytes) -> list:
    expected: list = []
    lines = content.split(b"\n")
    for line in lines if lines[-1] else lines[:-1]:
        line = line.removeprefix(b"\xef\xbb\xbf")
        text = line.decode("utf-8", "replace").rstrip("\r")
        try:
            value = json.loads(line.decode()) if text.strip() else None
        except UnicodeDecodeError:
            expected.append("invalid_utf8")
        except ValueError:
            expected.append("malformed")
        else:
            expected.append("not_object" if value == [] else value)
    return [Code(item) if isinstance(item, str) else item for item in expected]


class Code(str):
    """Equals a bad row of this code, or a truncated one: which of them the last line is, is tested above."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BadRow) and other.code in (str(self), "truncated")


def test_a_long_line_belongs_to_the_part_in_which_it_starts(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": "' + b"x" * 5_000_000 + b'"}\n{"a": 2}\n')
    counts = [len(list(rows(part))) for part in cut(SourceFile(path, "jsonl"), 1 << 20)]
    assert counts == [2, 0, 0, 0, 1]


def test_parts_travel_between_processes(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2}\n')
    parts = pickle.loads(pickle.dumps(cut(SourceFile(path, "jsonl"), 9)))
    assert [list(rows(part)) for part in parts] == [[{"a": 1}], [{"a": 2}]]


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
def test_packed_lines(tmp_path, pack):
    lines = [
        b'{"n": %d, "t": "%s"}\n' % (n, random.Random(n).randbytes(20).hex().encode()) for n in range(20_000)
    ]
    content = b"\xef\xbb\xbf" + b"".join(lines) + b"\n[1]\n"
    path = tmp_path / "x.jsonl.packed"
    path.write_bytes(gzip.compress(content) if pack == "gzip" else zstd(content, path))
    [file] = find_files(str(path))
    assert (file.kind, file.compression) == ("jsonl", pack)
    [part] = cut(file, 1000)
    assert list(rows(part)) == [*map(json.loads, lines), None, BadRow("not_object", "it is an array", "[1]")]
    assert size(part) == path.stat().st_size


def test_packed_members_one_after_the_other(tmp_path):
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n') + gzip.compress(b'{"a": 2}\n'))
    assert read_file(find_files(str(path))[0]) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
@pytest.mark.parametrize("share", [0.0001, 0.3, 0.9, 1.0], ids=["head", "third", "most", "last_byte"])
def test_packed_stream_that_breaks_off(tmp_path, pack, share):
    lines = [
        b'{"n": %d, "t": "%s"}\n' % (n, random.Random(n).randbytes(40).hex().encode()) for n in range(20_000)
    ]
    path = tmp_path / "x.packed"
    packed = gzip.compress(b"".join(lines)) if pack == "gzip" else zstd(b"".join(lines), path)
    path.write_bytes(packed[: min(int(len(packed) * share) + 20, len(packed) - 1)])
    *good, last = read_file(SourceFile(path, "jsonl", pack))
    assert good == list(map(json.loads, lines[: len(good)]))
    assert last.code == "truncated"
    assert f"the {pack} stream ends early" in last.detail
    assert len(good) >= len(lines) * (share - 0.2)


def test_damaged_gzip_is_no_traceback(tmp_path):
    packed = bytearray(gzip.compress(random.Random(1).randbytes(100_000).hex().encode()))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(packed)
    [item] = read_file(SourceFile(path, "jsonl", "gzip"))
    assert item.code == "truncated"


def test_fifty_megabytes_in_one_row(tmp_path):
    text = "字" * 17_000_000
    found = read(tmp_path / "x.jsonl", json.dumps({"a": text}, ensure_ascii=False).encode() + b'\n{"a": 1}\n')
    assert found == [{"a": text}, {"a": 1}]


def test_memory_stays_flat(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes((b'{"a": "' + b"x" * 1000 + b'"}\n') * 20_000)
    tracemalloc.start()
    try:
        assert sum(1 for part in cut(SourceFile(path, "jsonl")) for _ in rows(part)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


def test_a_million_tiny_rows(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a":1}\n' * 1_000_000)
    file = SourceFile(path, "jsonl")
    assert sum(1 for part in cut(file, 1 << 20) for item in rows(part) if item == {"a": 1}) == 1_000_000
