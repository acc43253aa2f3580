"""A dataset is known again by the hash of its files, whatever their time, and by nothing else."""

import json
import os

import pytest

from lf_qwen3.data.registry.fingerprint import describe_data, find_replaced, hash_dataset, hash_file


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "one.jsonl").write_text("{}\n")
    (tmp_path / "many").mkdir()
    for name in ("a", "b"):
        (tmp_path / "many" / f"{name}.jsonl").write_text(name)
    entries = {
        "one two": {"file_name": "one.jsonl"},
        "many": {"file_name": "many"},
        "away": {"hf_hub_url": "a/b"},
        "gone": {"file_name": "gone.jsonl"},
    }
    (tmp_path / "dataset_info.json").write_text(json.dumps(entries))
    return tmp_path


def test_a_dataset_has_the_hash_of_its_file_or_of_all_its_files(folder):
    assert hash_dataset(folder, "one two") == hash_file(folder / "one.jsonl")
    both = hash_dataset(folder, "many")
    os.utime(folder / "many/a.jsonl", (1, 1))
    assert hash_dataset(folder, "many") == both
    (folder / "many/b.jsonl").write_text("c")
    assert hash_dataset(folder, "many") not in ("", both)


def test_what_cannot_be_read_has_no_hash(folder):
    assert [hash_dataset(folder, name) for name in ("away", "gone", "unknown")] == [""] * 3
    assert hash_dataset(folder / "nowhere", "one") == ""


def test_comments_tell_which_dataset_was_replaced(folder):
    text = "\n".join(["# a header", *describe_data(folder, ["one two", "many", "gone"]), "dataset: many"])
    assert find_replaced(text, folder) == []
    (folder / "one.jsonl").write_text("{ }\n")
    assert find_replaced(text, folder) == ["one two"]
    (folder / "one.jsonl").unlink()
    assert find_replaced(text, folder) == []
    assert find_replaced("dataset: many", folder) is None
