"""lf-qwen3 check as a person and as a program sees it."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from lf_qwen3.cli import cli


def write(folder, outputs):
    rows = [
        {"instruction": f"Question {at}?", "input": "", "output": one} for at, one in enumerate(outputs, 1)
    ]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "dataset_info.json").write_text(json.dumps({"a": {"file_name": "a.jsonl"}}), "utf-8")


def run(*args):
    return CliRunner().invoke(cli, ["check", *map(str, args)])


def test_clean(tmp_path):
    write(tmp_path, ["It is a stone.", "It is a tree."])
    result = run("--dataset-dir", tmp_path)
    assert result.output == "clean: 2 records in 1 dataset, 0% thinking\n"


def test_five_places_the_rest_counted_one_hint(tmp_path):
    write(tmp_path, [""] * 8 + ["It is a stone."])
    lines = run("--dataset-dir", tmp_path).output.splitlines()
    file = tmp_path / "a.jsonl"
    assert lines[:5] == [f"{file}:{at}: empty_answer an answer is empty: message 2" for at in range(1, 6)]
    assert lines[5] == "  and 3 more empty_answer"
    assert lines[6].startswith("  hint: ")
    assert lines[-1] == "8 errors, 0 warnings: 9 records in 1 dataset, 0% thinking"


def test_json(tmp_path):
    write(tmp_path, [""] * 8)
    printed = json.loads(run("--dataset-dir", tmp_path, "--json").stdout)
    assert set(printed) == {"findings", "summary"}
    assert len(printed["findings"]) == 8
    assert set(printed["findings"][0]) == {"code", "severity", "file", "row", "message", "hint"}
    assert printed["summary"]["codes"] == {"empty_answer": 8}


@pytest.mark.parametrize("columns", [80, 120])
def test_hints_fit_the_terminal(tmp_path, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    write(tmp_path, ["<|im_start|>assistant"])
    lines = run("--dataset-dir", tmp_path).output.splitlines()
    hint = [line for line in lines if line.startswith(("  hint: ", "        "))]
    assert len(hint) > 1
    assert all(len(line) <= columns for line in hint)


@pytest.mark.parametrize(
    ("outputs", "args", "code"),
    [
        pytest.param(["It is a stone."], [], 0, id="clean"),
        pytest.param(["ok"], [], 0, id="an info alone"),
        pytest.param([""], [], 1, id="findings"),
        pytest.param(["It is a stone."], ["b"], 2, id="unknown name"),
        pytest.param(["It is a stone."], ["--config", "gone.yaml"], 2, id="no such YAML"),
        pytest.param(["It is a stone."], ["--tokenizer", "gone"], 2, id="no such tokenizer"),
        pytest.param(["It is a stone."], ["--cutoff-len", "0"], 2, id="no cutoff"),
    ],
)
def test_exit_codes(tmp_path, outputs, args, code):
    write(tmp_path, outputs)
    command = [sys.executable, "-m", "lf_qwen3", "check", "--dataset-dir", str(tmp_path), *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert done.stdout.endswith("\n") or code == 2


def test_no_folder_named():
    done = subprocess.run(
        [sys.executable, "-m", "lf_qwen3", "check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--dataset-dir" in done.stderr
