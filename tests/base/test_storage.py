"""Files on a store, as paths."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.storage import is_store, is_url, path_of
from tests.needs import require

require("fsspec")


@pytest.fixture
def folder(request):
    """A folder of fsspec's store in memory."""
    return path_of(f"memory://{request.node.name}/folder")


def test_a_url_goes_through_every_way_of_making_a_path(folder):
    file = folder / "a.jsonl"
    assert str(file) == file.as_posix() == f"{file}" == f"{folder}/a.jsonl"
    assert (file.name, file.suffix, file.stem) == ("a.jsonl", ".jsonl", "a")
    assert file.parent == folder == path_of(str(folder))
    assert pickle.loads(pickle.dumps(file)) == file == path_of(file)
    assert is_store(file.with_name("b"))
    assert is_url(str(file))


def test_a_file_is_written_read_listed_and_deleted(folder):
    file = folder / "a.txt"
    assert not file.exists()
    assert not folder.is_dir()
    file.write_text("é\n", encoding="utf-8")
    assert (file.read_text(encoding="utf-8"), file.read_bytes(), file.stat().st_size) == (
        "é\n",
        b"\xc3\xa9\n",
        3,
    )
    assert (file.is_file(), folder.is_dir(), file.is_dir()) == (True, True, False)
    (folder / "b" / "c.txt").write_bytes(b"")
    assert [path.name for path in folder.iterdir()] == ["a.txt", "b"]
    assert {path.name for path in folder.rglob("*")} == {"a.txt", "c.txt"}
    file.unlink()
    file.unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        file.stat()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("data/a.jsonl", "data/a.jsonl"),
        ("file:///tmp/a", "/tmp/a"),
        ("C:/x", "C:/x"),
        ("medical_r1:data/a", "medical_r1:data/a"),
    ],
)
def test_what_is_no_url_is_a_file_here(text, path):
    assert str(path_of(text)) == path
    assert type(path_of(text)) is type(Path())
    assert not is_url(text)


def test_a_store_that_nobody_knows_is_an_error():
    with pytest.raises(UsageError) as error:
        path_of("nowhere://bucket/a")
    assert error.value.code == "extra_missing"


def test_without_fsspec_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UsageError) as error:
        path_of("s3://bucket/a")
    assert error.value.code == "extra_missing"
    assert "lf-qwen3[remote]" in error.value.hint


def test_files_here_are_read_without_fsspec():
    code = (
        "import sys; from lf_qwen3.base.storage import path_of; path_of('/'); print('fsspec' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
