"""Parquet: whatever the row groups, the same rows; a damaged file is named."""

import datetime
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.sources import BadRow, Part, SourceFile, columns, cut, find_files, rows, size

VALUES = [
    {
        "conversations": [{"from": "human", "value": f"问 {n}"}, {"from": "gpt", "value": "答" * (n % 7)}],
        "score": n / 4,
    }
    for n in range(3000)
]


def write(path: Path, table: pa.Table, **options: object) -> SourceFile:
    pq.write_table(table, path, **options)
    return find_files(str(path))[0]


def read(file: SourceFile, **options: int) -> list:
    return [item for part in cut(file, **options) for item in rows(part)]


@pytest.mark.parametrize("group", [1, 7, 1024, 1025, 10_000])
@pytest.mark.parametrize("compression", ["snappy", "zstd", "none"])
def test_any_row_group_size(tmp_path, group, compression):
    file = write(
        tmp_path / "x.parquet", pa.Table.from_pylist(VALUES), row_group_size=group, compression=compression
    )
    assert file.kind == "parquet"
    assert read(file) == VALUES
    assert columns(file) == ["conversations", "score"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(st.integers(1, 100), st.integers(1, 10_000))
def test_any_cut_gives_the_same_rows(tmp_path, group, part_bytes):
    file = write(tmp_path / "x.parquet", pa.Table.from_pylist(VALUES[:200]), row_group_size=group)
    parts = cut(file, part_bytes)
    assert [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
    assert [item for part in parts for item in rows(part)] == VALUES[:200] == list(rows(Part(file, 0, None)))
    assert all(size(part) >= part_bytes for part in parts[:-1])
    assert sum(map(size, parts)) == size(Part(file, 0, None)) > 0


def test_a_run_of_small_row_groups_is_one_part(tmp_path):
    file = write(tmp_path / "x.parquet", pa.Table.from_pylist(VALUES), row_group_size=10)
    assert [(part.start, part.stop) for part in cut(file)] == [(0, 300)]


def test_every_type_becomes_plain_python(tmp_path):
    day = datetime.date(2024, 5, 1)
    table = pa.table(
        {
            "dictionary": pa.array(["a", "b", "a"]).dictionary_encode(),
            "large": pa.array(["x", None, "z"], pa.large_string()),
            "list": pa.array([[1], [], None], pa.large_list(pa.int64())),
            "struct": pa.array([{"p": 1, "q": "r"}] * 3),
            "date": pa.array([day] * 3),
            "null": pa.nulls(3),
        }
    )
    assert read(write(tmp_path / "x.parquet", table)) == [
        {
            "dictionary": "a",
            "large": "x",
            "list": [1],
            "struct": {"p": 1, "q": "r"},
            "date": day,
            "null": None,
        },
        {
            "dictionary": "b",
            "large": None,
            "list": [],
            "struct": {"p": 1, "q": "r"},
            "date": day,
            "null": None,
        },
        {
            "dictionary": "a",
            "large": "z",
            "list": None,
            "struct": {"p": 1, "q": "r"},
            "date": day,
            "null": None,
        },
    ]


def test_invalid_utf8_costs_one_row(tmp_path):
    texts = [b"good"] * 100 + [b"b\xffd", b"good"]
    array = pa.Array.from_buffers(pa.string(), len(texts), pa.array(texts, pa.binary()).buffers())
    file = write(tmp_path / "x.parquet", pa.table({"q": array, "n": list(range(len(texts)))}))
    items = read(file)
    assert items.pop(100) == BadRow(
        "invalid_utf8",
        "q: 'utf-8' codec can't decode byte 0xff in position 1: invalid start byte",
        '{"q": "b\ufffdd", "n": 100}',
    )
    assert items == [{"q": "good", "n": n} for n in [*range(100), 101]]


def test_a_date_that_python_does_not_know_costs_one_row(tmp_path):
    array = pa.array([0, 2**50, 0], pa.timestamp("s"))
    first, bad, last = read(write(tmp_path / "x.parquet", pa.table({"t": array, "q": ["a", "b", "c"]})))
    assert (first["q"], bad.code, bad.raw, last["q"]) == ("a", "malformed", '{"t": null, "q": "b"}', "c")
    assert bad.detail.startswith("t: ")


@pytest.mark.parametrize("kept", [0.3, 0.99], ids=["third", "footer"])
def test_a_file_cut_short_is_named(tmp_path, kept):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.Table.from_pylist(VALUES), path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    file = SourceFile(path, "parquet")
    for act in (cut, columns, lambda file: list(rows(Part(file)))):
        with pytest.raises(UsageError) as caught:
            act(file)
        assert caught.value.message == f"{path}: it is truncated, or not a parquet file"
        assert caught.value.hint == "download it again"


def test_a_file_that_only_has_the_name_is_named(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_text("no parquet at all")
    with pytest.raises(UsageError) as caught:
        find_files(str(path))
    assert caught.value.code == "parquet_broken"


@pytest.mark.parametrize("damaged", [0, 2])
def test_a_damaged_row_group_is_named(tmp_path, damaged):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.Table.from_pylist(VALUES), path, row_group_size=1000, compression="zstd")
    column = pq.ParquetFile(path).metadata.row_group(damaged).column(1)
    content = bytearray(path.read_bytes())
    content[column.data_page_offset : column.data_page_offset + column.total_compressed_size // 2] = bytes(
        column.total_compressed_size // 2
    )
    path.write_bytes(content)
    with pytest.raises(LfQwen3Error) as caught:
        read(SourceFile(path, "parquet"))
    assert caught.value.message.startswith(f"{path}: row group {damaged} cannot be decoded (")
    assert caught.value.hint == "the file is damaged: download it again"


def test_two_columns_of_one_name(tmp_path):
    table = pa.Table.from_arrays([pa.array(["1"]), pa.array(["2"])], names=["a", "a"])
    with pytest.raises(UsageError) as caught:
        columns(write(tmp_path / "x.parquet", table))
    assert caught.value.code == "repeated_column"
    assert "'a'" in caught.value.message


def test_no_rows(tmp_path):
    file = write(tmp_path / "x.parquet", pa.table({"a": pa.array([], pa.string())}))
    assert read(file) == []
    with pytest.raises(UsageError) as caught:
        columns(file)
    assert caught.value.code == "file_empty"


def test_a_file_that_is_replaced_is_read_anew(tmp_path):
    path = tmp_path / "x.parquet"
    assert read(write(path, pa.table({"a": ["1"]}))) == [{"a": "1"}]
    assert read(write(path, pa.table({"a": ["2", "3"]}))) == [{"a": "2"}, {"a": "3"}]


PROGRAM = """
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_NUM_THREADS"))
sys.meta_path.insert(0, Watch())
if sys.argv[2] == "command line":
    import lf_qwen3.cli
from lf_qwen3.data.sources import cut, find_files, rows
assert [row for part in cut(find_files(sys.argv[1])[0]) for row in rows(part)] == [{"a": 1}]
print(os.environ.get("OPENBLAS_NUM_THREADS"))
"""


@pytest.mark.parametrize(("caller", "threads"), [("command line", "1"), ("library", "None")])
def test_only_the_command_line_keeps_numpy_to_one_thread(tmp_path, monkeypatch, caller, threads):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    write(tmp_path / "a.parquet", pa.table({"a": [1]}))
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "a.parquet"), caller]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert said == [threads, "None"]
