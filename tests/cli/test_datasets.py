"""`lf-qwen3 datasets` as it is typed: what is printed where, and the exit codes."""

import json
from functools import partial
from pathlib import Path

import pytest

LONG = "a_name_that_is_longer_than_half_of_a_terminal_and_is_neither_cut_nor_folded"
REGISTRY = {
    "mine": {"file_name": "mine.jsonl", "formatting": "sharegpt"},
    LONG: {"file_name": f"{LONG}.jsonl", "ranking": True},
    "[red]hub": {"hf_hub_url": "owner/name"},
}


@pytest.fixture
def lf(tmp_path, monkeypatch, lf):
    """Return a function that runs `datasets` in a folder with a registry of three in ./data."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/mine.jsonl").write_bytes(b"{}\n" * 1200)
    Path("data/dataset_info.json").write_text(json.dumps(REGISTRY))

    return partial(lf, "datasets")


def test_piped_it_is_one_plain_line_a_dataset(lf):
    code, out, err = lf()
    assert (code, err) == (0, "3 datasets in data, 1 without a file\n")
    assert "\x1b" not in out
    assert [line.split() for line in out.splitlines()] == [
        ["name", "kind", "format", "rows", "size", "file"],
        ["mine", "sft", "sharegpt", "1,200", "3.6", "kB", "mine.jsonl"],
        [LONG, "ranking", "alpaca", "missing", f"{LONG}.jsonl"],
        ["[red]hub", "sft", "alpaca", "hf_hub_url:", "owner/name"],
    ]


def test_json_is_one_object(lf):
    code, out, _ = lf("--json")
    told = json.loads(out)
    assert (code, told["dataset_dir"], [one["name"] for one in told["datasets"]]) == (
        0,
        "data",
        list(REGISTRY),
    )
    assert told["datasets"][0] == {
        "name": "mine",
        "kind": "sft",
        "formatting": "sharegpt",
        "source": "file_name",
        "file": "mine.jsonl",
        "exists": True,
        "size": 3600,
        "rows": 1200,
        "times": 1,
    }


def test_a_name_that_stands_twice_is_listed_and_told(lf):
    Path("data/dataset_info.json").write_text('{"a": {"file_name": "x"}, "a": {"hf_hub_url": "owner/name"}}')
    code, out, err = lf()
    assert (code, len(out.splitlines())) == (0, 2)
    assert "owner/name" in out
    assert "note: a is registered 2 times; LLaMA-Factory reads only the last entry" in err


def test_an_empty_registry_is_no_error(lf):
    Path("data/dataset_info.json").write_text("{}")
    assert lf() == (0, "", "0 datasets in data\n")


def test_a_folder_without_registry_is_told(lf):
    code, out, err = lf("--dataset-dir", ".")
    assert (code, out) == (2, "")
    assert "there is no dataset_info.json in ." in err


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (123_456, "123 kB"),
        (5_200_000_000, "5.2 GB"),
        (None, ""),
    ],
)
def test_sizes_are_short(count, shown):
    from lf_qwen3.cli.datasets import _size

    assert _size(count) == shown
