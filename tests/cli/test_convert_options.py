"""Every option of `convert` is run once, and does what it says."""

import json
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from lf_qwen3.cli.convert import command
from lf_qwen3.data import registry
from lf_qwen3.qwen3.thinking import OPEN


@pytest.fixture
def folder(tmp_path):
    """Two sources: rows that think, one of them with a control token, and plain dialogues."""
    rows = [{"question": f"q{n}", "think": "t", "answer": f"a{n}"} for n in range(40)]
    rows += [{"question": "token", "think": "t", "answer": "about <|fim_pad|> marks"}]
    dialogues = [
        {
            "messages": [
                {"role": role, "content": f"{role} {n} {turn}"}
                for turn in range(2)
                for role in ("user", "assistant")
            ]
        }
        for n in range(40)
    ]
    for name, lines in (("thinking", rows), ("plain", dialogues)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def convert(folder, *options, name="set", sources=("thinking", "plain")):
    """Run the command in this process; return its exit code and its report or its error."""
    files = [str(folder / f"{source}.jsonl") for source in sources]
    words = [*files, "--name", name, "--dataset-dir", str(folder / "data"), "--json", *options]
    done = CliRunner().invoke(command, words, standalone_mode=False)
    if done.exception:
        return done.exception
    return json.loads(done.stdout)


def records(report, split="train"):
    return [json.loads(line) for line in Path(report["files"][split]).read_text("utf-8").splitlines()]


def name_it(folder):
    report = convert(folder, name="other")
    assert Path(report["files"]["train"]).name == "other_train.jsonl"
    assert [*registry.read_registry(folder / "data")] == ["other_train"]


def write_alpaca(folder):
    assert "instruction" in records(convert(folder, "--format", "alpaca"))[0]


def cut_turns(folder):
    written = [convert(folder, "--turns", turns)["written"]["train"] for turns in ("unroll", "last", "all")]
    assert written == [40 + 80, 40 + 40, 40 + 40]


def limit_rows(folder):
    assert convert(folder, "--limit", "5")["read"] == 10


def split_val(folder):
    assert convert(folder, "--val", "0.1")["rows"] == {"train": 72, "val": 8}


def split_test(folder):
    assert convert(folder, "--test", "7")["rows"] == {"train": 73, "test": 7}


def mix_kinds(folder):
    report = convert(folder, "--turns", "last", "--mix", "thinking=0.8")
    assert (report["thinking"], report["plain"], report["left_out"]) == (40, 10, 30)


def measure_by(folder):
    by_tokens = convert(folder, "--turns", "last", "--mix", "thinking=0.8", "--by", "tokens")
    assert by_tokens["thinking"] == 40
    assert 0 < by_tokens["plain"] < 10


def seed_splits(folder):
    held_out = [records(convert(folder, "--val", "9", "--seed", seed), "val") for seed in ("1", "2", "1")]
    assert held_out[0] != held_out[1]
    assert held_out[0] == held_out[2]


def stop_at_bad_rows(folder):
    error = convert(folder, "--on-bad", "stop")
    assert error.code == "special_token"
    assert "thinking.jsonl:41" in error.message


def allow_special_tokens(folder):
    assert convert(folder)["rejected"] == {"special_token": 1}
    report = convert(folder, "--allow-special")
    assert report["rejected"] == {}
    assert "about <|fim_pad|> marks" in Path(report["files"]["train"]).read_text("utf-8")


def name_columns(folder):
    rows = [{"asked": "q", "why": "t", "replied": "a"}, {"asked": "r", "why": "u", "replied": "b"}]
    (folder / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    refused = convert(folder, sources=("own",))
    assert (refused.code, "--columns question=asked,answer=replied" in refused.hint) == (
        "no_converter_fits",
        True,
    )
    named = "question=asked,thinking=why,answer=replied"
    report = convert(folder, "--columns", named, sources=("own",))
    assert (report["thinking"], [columns["left"] for columns in report["columns"].values()]) == (2, [{}])
    report = convert(folder, "--columns", "", "--columns", named, sources=("plain", "own"), name="both")
    assert (report["thinking"], report["plain"]) == (2, 80)
    assert convert(folder, "--columns", named).code == "column_missing"
    assert convert(folder, *["--columns", ""] * 3).code == "columns_count"


def write_own(folder, *rows):
    (folder / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def take_every_answer(folder):
    write_own(folder, {"question": "q", "generations": ["a", "b"]}, {"question": "r", "generations": ["c"]})
    first = convert(folder, sources=("own",))
    assert (first["written"]["train"], first["repaired"]) == (2, {"first_of_several": 1})
    report = convert(folder, "--every", sources=("own",))
    assert (report["rows"]["train"], report["written"]["train"], report["repaired"]) == (2, 3, {})
    assert [record["conversations"][1]["value"] for record in records(report)] == ["a", "b", "c"]
    assert json.loads(Path(report["files"]["manifest"]).read_text())["options"]["every"] is True


def take_json_text(folder):
    write_own(folder, {"question": "q", "answer": 8}, {"question": "r", "answer": {"a": 1}})
    assert convert(folder, sources=("own",)).code == "all_rejected"
    report = convert(folder, "--as-text", sources=("own",))
    assert [record["conversations"][1]["value"] for record in records(report)] == ["8", '{"a":1}']
    assert report["repaired"] == {"as_text": 2}


def unescape_line_ends(folder):
    write_own(folder, {"question": "q", "answer": "A\\nB\\nC"}, {"question": "r", "answer": "d"})
    warned = convert(folder, sources=("own",))["warnings"]
    assert [warning for warning in warned if "1 rows" in warning and "own.jsonl:1" in warning]
    report = convert(folder, "--unescape", sources=("own",))
    assert [record["conversations"][1]["value"] for record in records(report)] == ["A\nB\nC", "d"]
    assert (report["repaired"], len(report["warnings"])) == ({"unescaped": 1}, len(warned) - 1)


def replace_files(folder):
    (folder / "data").mkdir()
    (folder / "data" / "set_train.jsonl").write_text("mine")
    assert convert(folder).code == "file_not_own"
    assert convert(folder, "--replace")["read"] == 81
    refused = convert(folder, sources=("plain",))
    assert (refused.code, refused.exit_code) == ("dataset_exists", 2)
    assert convert(folder, "--replace", sources=("plain",))["read"] == 40


def choose_the_folder(folder):
    assert (folder / "data" / "set.manifest.json").exists() is False
    convert(folder)
    assert (folder / "data" / "set.manifest.json").exists()


def print_json(folder):
    done = CliRunner().invoke(
        command, [str(folder / "thinking.jsonl"), "--name", "set", "--dataset-dir", str(folder / "data")]
    )
    assert done.stdout.startswith("set: 41 rows read")
    assert OPEN not in done.stdout


def write_several_files(folder):
    report = convert(folder, "--shard-size", "2KB")
    files = sorted(Path(report["files"]["train"]).iterdir())
    assert [file.name for file in files[:2]] == ["00000.jsonl", "00001.jsonl"]
    assert all(2000 <= file.stat().st_size < 2500 for file in files[:-1])
    for size in ("none", "-1GB", "0"):
        assert "is not a size" in str(convert(folder, "--shard-size", size))


def choose_the_cluster(folder):
    """Without Ray the error names the extra, whatever cluster is meant."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "ray", None)
        refused = convert(folder, "--engine", "ray", "--ray-address", "auto")
    assert (refused.code, "lf-qwen3[ray]" in refused.hint) == ("extra_missing", True)
    assert not (folder / "data" / "dataset_info.json").exists()


OPTIONS = {
    "name": name_it,
    "format": write_alpaca,
    "turns": cut_turns,
    "limit": limit_rows,
    "val": split_val,
    "test": split_test,
    "mix": mix_kinds,
    "by": measure_by,
    "seed": seed_splits,
    "on_bad": stop_at_bad_rows,
    "allow_special": allow_special_tokens,
    "columns": name_columns,
    "every": take_every_answer,
    "as_text": take_json_text,
    "unescape": unescape_line_ends,
    "shard_size": write_several_files,
    "engine": choose_the_cluster,
    "ray_address": choose_the_cluster,
    "replace": replace_files,
    "dataset_dir": choose_the_folder,
    "as_json": print_json,
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_does_what_it_says(folder, option):
    OPTIONS[option](folder)


def test_every_option_is_in_the_table():
    assert {param.name for param in command.params if isinstance(param, click.Option)} == set(OPTIONS)


def test_the_report_says_what_a_rerun_removed(folder):
    words = [str(folder / "thinking.jsonl"), "--name", "set", "--dataset-dir", str(folder / "data")]
    first = CliRunner().invoke(command, [*words, "--val", "5"])
    assert "removed" not in first.stdout
    second = CliRunner().invoke(command, words)
    assert f"{folder / 'data' / 'set_val.jsonl'}" in second.stdout
    assert "no longer registered: set_val" in second.stdout
