"""What a file is: told by its bytes first, by its name second."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.sources import find_files
from lf_qwen3.data.sources.kind import extension

ROW = b'{"question": "q", "answer": "a"}\n'
ARRAY = json.dumps([{"a": 1}, {"b": 2}], indent=2).encode()


def put(path: Path, content: bytes = ROW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "kind", "compression"),
    [
        pytest.param("x.jsonl", ROW * 2, "jsonl", "", id="jsonl"),
        pytest.param("x.ndjson", ROW, "jsonl", "", id="ndjson"),
        pytest.param("X.JSONL", ROW, "jsonl", "", id="upper_case"),
        pytest.param("x.json", ARRAY, "json", "", id="array"),
        pytest.param("x.json", b"\xef\xbb\xbf \n" + ARRAY, "json", "", id="array_with_byte_order_mark"),
        pytest.param("x.json", ROW * 2, "jsonl", "", id="lines_called_json"),
        pytest.param("x.json", b"{bad}\n" + ROW * 2, "jsonl", "", id="lines_called_json_first_one_bad"),
        pytest.param("x.json", b'{"a": "' + b"x" * 100_000 + b'"}\n' + ROW, "json", "", id="long_first_row"),
        pytest.param(
            "x.jsonl", b'{"a": "' + b"x" * 100_000 + b'"}\n' + ROW, "jsonl", "", id="long_first_line"
        ),
        pytest.param("x.jsonl", b'[{"a": 1},\n{"a": 2}\n]', "json", "", id="array_called_jsonl"),
        pytest.param("x.jsonl", b"[1, 2]\n" + ROW, "jsonl", "", id="lines_that_begin_with_a_list"),
        pytest.param(
            "x.json", json.dumps({"a": 1}, indent=1).encode() * 2, "json", "", id="pretty_printed_objects"
        ),
        pytest.param(
            "x.jsonl", json.dumps({"a": 1}, indent=1).encode(), "json", "", id="pretty_printed_called_jsonl"
        ),
        pytest.param("x.json", b'{"a": 1}{"a": 2}', "json", "", id="objects_without_a_gap"),
        pytest.param("x.json", b'{"a": 1},\n{"a": 2}\n', "json", "", id="objects_with_commas"),
        pytest.param("x.json", b'{"a":\n' * 3, "json", "", id="malformed_json"),
        pytest.param("x.jsonl", b"{bad\n{worse\n", "jsonl", "", id="malformed_jsonl"),
        pytest.param("x.csv", b"a,b\n1,2\n", "csv", "", id="csv"),
        pytest.param("x.tsv", b"a\tb\n1\t2\n", "csv", "", id="tsv"),
        pytest.param("x.csv", b'text\n{"a": 1}\n', "csv", "", id="csv_of_json_texts"),
        pytest.param("x.csv", ROW, "jsonl", "", id="lines_called_csv"),
        pytest.param("x.csv", b"[a],b\n1,2\n", "csv", "", id="csv_with_a_bracket_first"),
        pytest.param("x.txt", ROW, "jsonl", "", id="lines_of_another_name"),
        pytest.param("x", ARRAY, "json", "", id="array_without_extension"),
        pytest.param("x.jsonl.gz", gzip.compress(ROW), "jsonl", "gzip", id="gzip"),
        pytest.param("x.csv.gz", gzip.compress(b"a,b\n1,2\n"), "csv", "gzip", id="gzip_csv"),
        pytest.param("x.jsonl", gzip.compress(ROW), "jsonl", "gzip", id="gzip_without_the_name"),
        pytest.param("x.jsonl.gz", ROW, "jsonl", "", id="gzip_in_name_only"),
        pytest.param("x.jsonl", b"", "jsonl", "", id="empty"),
    ],
)
def test_kind(tmp_path, name, content, kind, compression):
    [file] = find_files(str(put(tmp_path / name, content)))
    assert (file.kind, file.compression) == (kind, compression)


@pytest.mark.parametrize(
    ("name", "kind"), [("x.jsonl.zst", "jsonl"), ("x.json.zst", "json"), ("x.csv.zst", "csv")]
)
def test_kind_of_zstd(tmp_path, name, kind):
    content = {"jsonl": ROW, "json": ARRAY, "csv": b"a,b\n1,2\n"}[kind]
    with pa.CompressedOutputStream(str(tmp_path / name), "zstd") as stream:
        stream.write(content)
    [file] = find_files(str(tmp_path / name))
    assert (file.kind, file.compression) == (kind, "zstd")


def test_parquet_is_known_by_its_bytes(tmp_path):
    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "data.bin")
    assert find_files(str(tmp_path / "data.bin"))[0].kind == "parquet"


@pytest.mark.parametrize(
    ("name", "content", "message", "hint"),
    [
        pytest.param(
            "x.bin", b"\x01\x02", "unknown file type", "accepted files: .jsonl .ndjson", id="unknown"
        ),
        pytest.param("x", b"", "unknown file type", ".parquet", id="empty_without_extension"),
        pytest.param(
            "x.parquet", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS", "git lfs pull", id="lfs"
        ),
        pytest.param(
            "x.json", b"\n<!DOCTYPE html><html>", "a web page", "download the raw file", id="web_page"
        ),
        pytest.param("x.zip", b"PK\x03\x04rest", "a zip archive", "unpack it", id="zip"),
        pytest.param("x.arrow", b"ARROW1\0\0", "an Arrow file", "parquet", id="arrow"),
        pytest.param(
            "x.parquet.gz",
            gzip.compress(b"PAR1..PAR1"),
            "compressed with gzip",
            "decompress it",
            id="packed_parquet",
        ),
        pytest.param(
            "x.parquet", b"", "truncated, or not a parquet file", "download it again", id="empty_parquet"
        ),
    ],
)
def test_what_is_no_data_is_said(tmp_path, name, content, message, hint):
    with pytest.raises(UsageError) as caught:
        find_files(str(put(tmp_path / name, content)))
    assert message in caught.value.message
    assert str(tmp_path / name) in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jsonl", ".jsonl"),
        ("A.CSV.gz", ".csv"),
        ("x.json.zst", ".json"),
        ("x.gz", ""),
        ("data", ""),
        ("a.b.tsv", ".tsv"),
    ],
)
def test_extension(name, expected):
    assert extension(Path(name)) == expected
