"""The columns of the first rows, and what is said of a file that has none."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.sources import columns, find_files

ROW = b'{"question": "q", "answer": "a"}\n'


def put(path: Path, content: bytes = ROW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_columns_of_the_first_rows_in_order(tmp_path):
    lines = [b'{"b": 1, "a": 2}', b"", b"{broken", b'{"a": 1, "c": 3}', *[b'{"a": 1}'] * 18, b'{"late": 1}']
    assert columns(find_files(str(put(tmp_path / "x.jsonl", b"\n".join(lines))))[0]) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        pytest.param("x.jsonl", b"", "the file is empty", id="empty"),
        pytest.param("x.jsonl", b"\n \n", "the file is empty", id="blank"),
        pytest.param("x.json", b"[]", "the file is empty", id="empty_array"),
        pytest.param("x.csv", b"a,b\n", "the file is empty", id="header_alone"),
        pytest.param(
            "x.jsonl",
            b"\nhello\n[1]\n",
            "row 2: the row cannot be parsed (Expecting value, column 1)",
            id="bad",
        ),
        pytest.param(
            "x.jsonl.gz",
            gzip.compress(ROW)[:12],
            "row 1: the file ends inside this row (truncated file)",
            id="cut_short",
        ),
    ],
)
def test_columns_of_nothing(tmp_path, name, content, problem):
    file = find_files(str(put(tmp_path / name, content)))[0]
    with pytest.raises(UsageError) as caught:
        columns(file)
    assert caught.value.message.startswith(f"{tmp_path / name}: no row can be read; {problem}")


def test_importing_the_package_is_cheap():
    heavy = "{'pyarrow', 'polars', 'numpy', 'pandas'}"
    code = f"import sys, lf_qwen3.data.sources; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
