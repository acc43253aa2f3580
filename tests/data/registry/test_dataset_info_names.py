import os
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.registry import check_name
from lf_qwen3.data.registry.names import config_path, find_file, relative_name, require_writable


@pytest.mark.parametrize("name", ["a", "my_data-v1.0", "2024", "..a", "-a", "医疗_train", "x" * 200])
def test_a_good_name(name):
    check_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "...", "a b", "a,b", "a/b", "../a", "a\\b", "a\n", "a\0", "a:b", "a*", "e\u0301", "{}"],
)
def test_a_bad_name_is_refused_with_what_is_allowed(name):
    with pytest.raises(UsageError) as caught:
        check_name(name)
    assert caught.value.code == "dataset_name"
    assert "letters, digits" in caught.value.hint


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "in.jsonl").write_text("{}")
    (tmp_path / "data" / "sub" / "deep é.jsonl").write_text("{}")
    (tmp_path / "out.jsonl").write_text("{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "dataset_dir", "name"),
    [
        ("data/in.jsonl", "data", "in.jsonl"),
        ("./data/../data/in.jsonl", "./data/", "in.jsonl"),
        ("data/sub/deep é.jsonl", "data", "sub/deep é.jsonl"),
        ("out.jsonl", ".", "out.jsonl"),
        ("out.jsonl", "data/..", "out.jsonl"),
    ],
)
def test_a_file_is_named_from_the_dataset_dir(folder, file, dataset_dir, name):
    assert relative_name(Path(file), dataset_dir) == name
    assert relative_name(Path(file).absolute(), dataset_dir) == name


@pytest.mark.parametrize("file", ["out.jsonl", "data/../out.jsonl"])
def test_a_file_elsewhere_is_refused_with_two_ways_out(folder, file):
    with pytest.raises(UsageError) as caught:
        relative_name(Path(file), "data")
    assert caught.value.code == "file_outside"
    assert f"cp {file} data/" in caught.value.hint
    assert f"lf-qwen3 convert {file}" in caught.value.hint


def test_a_neighbour_with_the_same_beginning_is_elsewhere(folder):
    (folder / "data2").mkdir()
    (folder / "data2" / "in.jsonl").write_text("{}")
    with pytest.raises(UsageError) as caught:
        relative_name(Path("data2/in.jsonl"), "data")
    assert caught.value.code == "file_outside"


def test_a_link_in_the_folder_lies_in_the_folder(folder):
    (folder / "data" / "link.jsonl").symlink_to(folder / "out.jsonl")
    assert relative_name(Path("data/link.jsonl"), "data") == "link.jsonl"


def test_a_link_outside_to_a_file_inside_is_followed(folder):
    (folder / "link.jsonl").symlink_to(folder / "data" / "in.jsonl")
    assert relative_name(Path("link.jsonl"), "data") == "in.jsonl"


@pytest.mark.parametrize(("file", "named"), [("data/in.jsonl", "alias"), ("alias/in.jsonl", "data")])
def test_a_linked_folder_is_the_same_folder(folder, file, named):
    (folder / "alias").symlink_to(folder / "data")
    assert relative_name(Path(file), named) == "in.jsonl"


def test_a_way_up_through_a_link_is_not_taken_by_its_letters(folder):
    (folder / "elsewhere" / "far").mkdir(parents=True)
    (folder / "elsewhere" / "in.jsonl").write_text("other")
    (folder / "data" / "far").symlink_to(folder / "elsewhere" / "far")
    with pytest.raises(UsageError) as caught:
        relative_name(Path("data/far/../in.jsonl"), "data")
    assert caught.value.code == "file_outside"


def test_a_file_may_be_named_from_here_or_from_the_dataset_dir(folder):
    assert find_file("data/in.jsonl", "data") == Path("data/in.jsonl")
    assert find_file("in.jsonl", "data") == Path("data/in.jsonl")
    assert find_file("out.jsonl", "data") == Path("out.jsonl")


def test_a_missing_file_or_a_folder_is_told(folder):
    with pytest.raises(UsageError) as caught:
        find_file("no.jsonl", "data")
    assert caught.value.code == "file_missing"
    assert "no.jsonl" in caught.value.message
    with pytest.raises(UsageError) as caught:
        find_file("data/sub", "data")
    assert caught.value.code == "not_a_file"
    assert "data/sub" in caught.value.message
    assert "convert" in caught.value.hint
    os.mkfifo(folder / "data" / "pipe.jsonl")
    with pytest.raises(UsageError) as caught:
        find_file("pipe.jsonl", "data")
    assert caught.value.code == "not_a_file"


def test_a_file_name_that_is_no_utf8_is_told(folder):
    (folder / "data" / os.fsdecode(b"\xff.jsonl")).write_text("{}")
    with pytest.raises(UsageError) as caught:
        relative_name(folder / "data" / os.fsdecode(b"\xff.jsonl"), "data")
    assert caught.value.code == "file_name"


def test_what_is_no_dataset_dir_is_told(folder):
    with pytest.raises(UsageError) as caught:
        config_path("nowhere")
    assert caught.value.code == "folder_missing"
    assert "nowhere" in caught.value.message
    with pytest.raises(UsageError) as caught:
        config_path("out.jsonl")
    assert caught.value.code == "not_a_folder"
    (folder / "data" / "dataset_info.json").write_text("{}")
    with pytest.raises(UsageError) as caught:
        config_path("data/dataset_info.json")
    assert caught.value.code == "not_a_folder"
    assert caught.value.hint == "name the folder: --dataset-dir data"


def test_a_folder_in_the_place_of_the_file_is_told(folder):
    (folder / "data" / "dataset_info.json").mkdir()
    with pytest.raises(UsageError) as caught:
        config_path("data")
    assert caught.value.code == "not_a_file"


def test_a_link_that_leads_nowhere_is_told(folder):
    (folder / "data" / "dataset_info.json").symlink_to(folder / "gone" / "dataset_info.json")
    with pytest.raises(UsageError) as caught:
        config_path("data")
    assert caught.value.code == "link_broken"


@pytest.mark.parametrize("refused", ["data", "data/dataset_info.json"])
def test_what_may_not_be_written_is_told_beforehand(folder, monkeypatch, refused):
    (folder / "data" / "dataset_info.json").write_text("{}")
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != refused)
    with pytest.raises(LfQwen3Error, match=f"no permission to write {refused}") as caught:
        require_writable(Path("data/dataset_info.json"))
    assert "chmod u+w" in caught.value.hint
