"""Which files a path, a folder or a glob stands for."""

import gzip
import os
from pathlib import Path

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.sources import find_files

ROW = b'{"question": "q", "answer": "a"}\n'


def put(path: Path, content: bytes = ROW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(spec: object, below: Path) -> list[str]:
    return [file.path.relative_to(below).as_posix() for file in find_files(str(spec))]


def test_folder_as_it_comes_from_a_hub(tmp_path):
    for name in (
        *("README.md", "README_zh.md", "LICENSE", "LICENSE.txt", ".gitattributes", "dataset_infos.json"),
        *(
            "configuration.json",
            "dataset_info.json",
            "medical.py",
            "config.yaml",
            "assets/figure.png",
            "NOTICE",
        ),
        *(
            ".cache/huggingface/download/train.jsonl.metadata",
            ".git/objects/ab/cdef",
            "._____temp/part.jsonl",
        ),
    ):
        put(tmp_path / name, b'{"configs": []}')
    put(tmp_path / "data" / "train-00001-of-00002.jsonl")
    put(tmp_path / "data" / "train-00000-of-00002.jsonl")
    put(tmp_path / "a test.jsonl.gz", gzip.compress(ROW))
    assert names(tmp_path, tmp_path) == [
        "a test.jsonl.gz",
        "data/train-00000-of-00002.jsonl",
        "data/train-00001-of-00002.jsonl",
    ]


def test_cache_folder_of_the_hugging_face_hub(tmp_path):
    put(tmp_path / "blobs" / "0a1b2c")
    put(tmp_path / "refs" / "main", b"d3adb33f")
    (tmp_path / "snapshots" / "d3adb33f").mkdir(parents=True)
    (tmp_path / "snapshots" / "d3adb33f" / "train.jsonl").symlink_to(tmp_path / "blobs" / "0a1b2c")
    assert names(tmp_path, tmp_path) == ["snapshots/d3adb33f/train.jsonl"]


def test_folder_of_several_kinds(tmp_path):
    for number in range(5):
        put(tmp_path / f"{number}.jsonl")
    put(tmp_path / "b" / "x.csv", b"a,b\n1,2\n")
    with pytest.raises(UsageError) as caught:
        find_files(str(tmp_path))
    assert "csv: x.csv; jsonl: 0.jsonl, 1.jsonl, 2.jsonl and 2 more" in caught.value.message
    assert caught.value.hint == f"select one type with a glob, such as '{tmp_path}/**/*.jsonl'"
    assert len(find_files(f"{tmp_path}/**/*.jsonl")) == 5


@pytest.mark.parametrize("name", ["images.tar", "data.feather"])
def test_nothing_unknown_in_a_folder_is_passed_over(tmp_path, name):
    put(tmp_path / "x.jsonl")
    put(tmp_path / name, b"\x00\x01")
    with pytest.raises(UsageError) as caught:
        find_files(str(tmp_path))
    assert caught.value.code == "unknown_file_kind"


@pytest.mark.parametrize("content", [[], ["README.md", ".hidden.jsonl"]], ids=["empty", "companions_only"])
def test_folder_without_data(tmp_path, content):
    for name in content:
        put(tmp_path / name)
    with pytest.raises(UsageError) as caught:
        find_files(str(tmp_path))
    assert caught.value.message == f"{tmp_path}: the folder has no data file"
    assert ".parquet" in caught.value.hint


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("*.jsonl", ["a b.jsonl", "高血压.jsonl"], id="here"),
        pytest.param("**/*.jsonl", ["a b.jsonl", "sub/c.jsonl", "高血压.jsonl"], id="further_down"),
        pytest.param("*", ["a b.jsonl", "高血压.jsonl"], id="everything_but_folders_and_companions"),
        pytest.param("高*", ["高血压.jsonl"], id="unicode"),
    ],
)
def test_glob(tmp_path, pattern, expected):
    for name in ("a b.jsonl", "高血压.jsonl", "sub/c.jsonl", "README.md"):
        put(tmp_path / name)
    assert names(tmp_path / pattern, tmp_path) == expected


def test_a_name_that_looks_like_a_glob_is_a_name(tmp_path):
    put(tmp_path / "x[1].jsonl")
    put(tmp_path / "x1.jsonl")
    assert names(tmp_path / "x[1].jsonl", tmp_path) == ["x[1].jsonl"]


def test_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    put(tmp_path / "x.jsonl")
    assert names("~/x.jsonl", tmp_path) == ["x.jsonl"]


@pytest.mark.parametrize(
    ("spec", "message", "hint"),
    [
        pytest.param(
            "train.jsnl", "there is no such file or folder", "did you mean {0}/train.jsonl?", id="misspelt"
        ),
        pytest.param("x/y/z.jsonl", "there is no folder {0}/x/y", "check the path", id="no_folder"),
        pytest.param("*.csv", "no file matches", "put a glob in quotes", id="no_match"),
        pytest.param("[", "no file matches", "put a glob in quotes", id="broken_glob"),
        pytest.param("a\0b", "there is no such file or folder", "check the path", id="nul"),
        pytest.param("x" * 5000, "there is no such file or folder", "check the path", id="too_long"),
    ],
)
def test_not_found(tmp_path, spec, message, hint):
    put(tmp_path / "train.jsonl")
    with pytest.raises(UsageError) as caught:
        find_files(f"{tmp_path}/{spec}")
    assert message.format(tmp_path) in caught.value.message
    assert hint.format(tmp_path) in caught.value.hint


@pytest.mark.parametrize(
    ("spec", "message"),
    [("memory://nowhere/x.jsonl", "there is no such file or folder"), ("", "there is no such file")],
    ids=["url", "nothing"],
)
def test_no_path_at_all(spec, message):
    with pytest.raises(UsageError, match=message):
        find_files(spec)


def test_link_without_a_target(tmp_path):
    (tmp_path / "x.jsonl").symlink_to(tmp_path / "gone")
    with pytest.raises(UsageError) as caught:
        find_files(str(tmp_path))
    assert caught.value.message == f"{tmp_path}/x.jsonl: there is no such file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_no_ordinary_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError) as caught:
        find_files(str(tmp_path / "pipe"))
    assert caught.value.code == "not_a_file"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the super-user may read everything")
def test_no_permission(tmp_path):
    put(tmp_path / "x.jsonl").chmod(0)
    with pytest.raises(UsageError) as caught:
        find_files(str(tmp_path / "x.jsonl"))
    assert caught.value.code == "no_permission"


def test_no_permission_as_any_user(tmp_path, monkeypatch):
    put(tmp_path / "x.jsonl")

    def refuse(path: object, *_: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("io.FileIO", refuse)
    with pytest.raises(UsageError) as caught:
        find_files(str(tmp_path / "x.jsonl"))
    assert caught.value.code == "no_permission"
    assert "x.jsonl" in caught.value.message
