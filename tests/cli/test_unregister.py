"""`lf-qwen3 unregister` as it is typed: what is printed where, and the exit codes."""

import json
from pathlib import Path

import pytest

REGISTRY = (
    '{\n  "one": {"file_name": "one.jsonl"},\n  "two": {"file_name": "gone.jsonl"},\n  "three": {}\n}\n'
)


@pytest.fixture
def lf(tmp_path, monkeypatch, lf):
    """Return a function that runs `unregister` beside a registry of three."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/one.jsonl").write_text("{}\n")
    Path("data/dataset_info.json").write_text(REGISTRY)

    return lambda *args: lf("unregister", *args, "--dataset-dir", "data")


def test_the_entries_go_and_the_file_stays(lf):
    code, out, err = lf("one", "two")
    assert (code, out) == (0, "unregistered one, two from data/dataset_info.json\n")
    assert err == "the data file stays: data/one.jsonl\n"
    assert Path("data/dataset_info.json").read_text() == '{\n  "three": {}\n}\n'
    assert Path("data/one.jsonl").exists()


def test_a_dry_run_shows_the_difference_and_writes_nothing(lf):
    code, out, _ = lf("one", "--dry-run")
    assert code == 0
    assert '-  "one": {"file_name": "one.jsonl"},' in out.splitlines()
    assert Path("data/dataset_info.json").read_text() == REGISTRY


def test_json_is_one_object(lf):
    code, out, err = lf("two", "one", "--json")
    told = json.loads(out)
    assert (code, err, told["removed"], told["kept_files"]) == (0, "", ["one", "two"], ["data/one.jsonl"])


def test_an_unknown_name_changes_nothing_and_brings_a_guess(lf):
    code, out, err = lf("one", "tree")
    assert (code, out) == (2, "")
    assert "there is no dataset 'tree'" in err
    assert "did you mean three?" in err
    assert Path("data/dataset_info.json").read_text() == REGISTRY


def test_a_folder_without_registry_is_told(lf):
    Path("data/dataset_info.json").unlink()
    code, _, err = lf("one")
    assert code == 2
    assert "there is no dataset_info.json in data" in err
