"""`lf-qwen3 register` as it is typed: what is printed where, and the exit codes."""

import json
from pathlib import Path

import pytest

REGISTER = ["register", "mine", "data/a.jsonl", "--dataset-dir", "data"]
ENTRY = {
    "file_name": "a.jsonl",
    "formatting": "alpaca",
    "columns": {"prompt": "instruction", "response": "output"},
}


@pytest.fixture
def lf(tmp_path, monkeypatch, lf):
    """Return a function that runs the command line beside ./data and gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/a.jsonl").write_text('{"instruction": "q", "output": "a", "id": 1}\n')

    return lf


def registry():
    return json.loads(Path("data/dataset_info.json").read_text())


def test_it_says_what_was_registered_and_how_to_use_it(lf):
    code, out, err = lf(*REGISTER)
    assert (code, out) == (0, "registered mine: a.jsonl (alpaca, sft) in data/dataset_info.json\n")
    assert "does not read these columns: id" in err
    assert "dataset: mine, dataset_dir: data" in err
    assert registry() == {"mine": ENTRY}


def test_pictures_are_named_and_told_of(lf):
    Path("data/a.jsonl").write_text('{"instruction": "<image>q", "output": "a", "images": ["a.jpg"]}\n')
    _, _, err = lf(*REGISTER)
    assert registry()["mine"]["columns"]["images"] == "images"
    assert "will not read" not in err
    assert "images are for multimodal models" in err


def test_a_second_time_changes_nothing(lf):
    lf(*REGISTER)
    code, out, _ = lf(*REGISTER)
    assert (code, out.split()[0]) == (0, "unchanged")


def test_another_file_needs_replace(lf):
    lf(*REGISTER)
    Path("data/b.jsonl").write_text('{"text": "long"}\n')
    args = ["register", "mine", "data/b.jsonl", "--dataset-dir", "data"]
    code, out, err = lf(*args)
    assert (code, out) == (2, "")
    assert "'mine' is registered in data/dataset_info.json with other content (file_name, columns)" in err
    assert "--replace" in err
    assert registry() == {"mine": ENTRY}
    code, out, _ = lf(*args, "--replace")
    assert (code, out) == (0, "replaced mine: b.jsonl (alpaca, pretrain) in data/dataset_info.json\n")
    assert registry()["mine"]["file_name"] == "b.jsonl"


def test_a_dry_run_prints_the_difference_alone(lf):
    code, out, _ = lf(*REGISTER, "--dry-run")
    assert (code, out.splitlines()[0]) == (0, "--- /dev/null")
    assert '+    "file_name": "a.jsonl",' in out.splitlines()
    assert [path.name for path in Path("data").iterdir()] == ["a.jsonl"]


def test_json_is_one_object(lf):
    code, out, err = lf(*REGISTER, "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert (told["action"], told["kind"], told["entry"], told["unused_columns"]) == (
        "registered",
        "sft",
        ENTRY,
        ["id"],
    )


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["register", "a b", "data/a.jsonl", "--dataset-dir", "data"], 2, "cannot be a dataset name"),
        (["register", "mine", "no.jsonl", "--dataset-dir", "data"], 2, "there is no file no.jsonl"),
        (["register", "mine", "data/a.jsonl", "--dataset-dir", "nowhere"], 2, "there is no folder nowhere"),
        (["register", "mine", "data/a.jsonl", "--dataset-dir", "data/a.jsonl"], 2, "is a file, not a folder"),
        (["register", "mine", "data/a.jsonl"], 2, "Missing option '--dataset-dir'"),
    ],
)
def test_errors_say_what_is_wrong(lf, args, code, message):
    got, out, err = lf(*args)
    assert (got, out) == (code, "")
    assert message in err
    assert "Traceback" not in err


def test_a_broken_registry_is_left_alone(lf):
    Path("data/dataset_info.json").write_text('{\n  "a": {},\n')
    code, out, err = lf(*REGISTER)
    assert (code, out) == (1, "")
    assert "dataset_info.json, line 3 column 1: not valid JSON" in err
    assert Path("data/dataset_info.json").read_text() == '{\n  "a": {},\n'


def test_every_command_works_beside_what_others_wrote_and_leaves_it(lf):
    path = Path("data/dataset_info.json")
    row = {"instruction": "What is it?", "input": "", "output": "It is a test of the commands."}
    Path("data/a.jsonl").write_text(json.dumps(row) + "\n")
    theirs = '{\n  "_comment": ["我的", 2],\n  "数据": {"file_name": "a.jsonl", "license": "é\\u00e9"}\n}'
    path.write_text(theirs, "utf-8")
    assert lf("check", "--dataset-dir", "data")[0] == 0
    assert lf("datasets", "--dataset-dir", "data")[0] == 0
    _, diff, _ = lf(*REGISTER, "--dry-run")
    assert not [line for line in diff.splitlines() if line.startswith("-") and "数据" not in line][1:]
    assert lf(*REGISTER)[0] == 0
    assert path.read_text("utf-8").startswith(theirs[:-2])
    assert lf("unregister", "mine", "--dataset-dir", "data")[0] == 0
    assert path.read_text("utf-8") == theirs


def test_a_byte_order_mark_is_refused_by_readers_and_taken_away_with_a_word(lf):
    path = Path("data/dataset_info.json")
    path.write_bytes(b'\xef\xbb\xbf{"a": {"file_name": "a.jsonl"}}')
    refusals = [lf(command, "--dataset-dir", "data") for command in ("datasets", "check")]
    assert [code for code, _, _ in refusals] == [1, 1]
    assert refusals[0][2] == refusals[1][2]
    assert "begins with a byte order mark (BOM), which LLaMA-Factory cannot read" in refusals[0][2]
    code, _, err = lf(*REGISTER)
    assert (code, "the byte order mark (BOM) was removed" in err) == (0, True)
    assert lf("datasets", "--dataset-dir", "data")[0] == 0


def test_unregister_takes_a_byte_order_mark_away_with_a_word(lf):
    Path("data/dataset_info.json").write_bytes(b'\xef\xbb\xbf{"a": {}, "b": {}}')
    code, _, err = lf("unregister", "a", "--dataset-dir", "data")
    assert (code, "the byte order mark (BOM) was removed" in err) == (0, True)
    assert registry() == {"b": {}}
