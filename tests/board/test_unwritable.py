"""A folder that the board's user may not write: what needs to is refused in words, and the rest works."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROW = {"instruction": "A?", "input": "", "output": ""}
PROGRAM = """
import json, os, sys
import jsonschema
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.board import job_files
from lf_qwen3.board.handlers import data, proof, records
from lf_qwen3.board.handlers.places import name_files
from lf_qwen3.board.jobs import Jobs
from lf_qwen3.board.worker import WorkProcesses

def convert():
    form = data.ConversionForm(
        ["rows.jsonl"], None, None, "new", "unroll", None, 0, None, "data", tokenizer="no/such"
    )
    return data.convert(data.request(form), NoProgress())

def check(name):
    asked = proof.request("data", [name], proof.RECIPE, tokenizer="no/such")
    return [found["code"] for found in proof.check(asked, NoProgress())["codes"]]

os.chdir(sys.argv[1])  # everything is imported while the files of Python may be read
convert(), check("new_train"), records.show_page(records.RecordsForm("data", "new_train"))
os.chdir(sys.argv[2])
if os.geteuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    refused = convert()["datasets"]
except LfQwen3Error as error:
    refused = [error.code, name_files(error.message)]
jobs = Jobs(WorkProcesses())
jobs.keep_in(job_files.FOLDER)
jobs._save(type("Ended", (), {"id": "x", "record": dict})())
page = records.show_page(records.RecordsForm("data", "sums"))
print(json.dumps({"refused": refused, "codes": check("sums"), "rows": page["total"]}))
"""


@pytest.fixture
def locked() -> Iterator[Path]:
    """Return a folder with a registered dataset, and none of its folders may be written by another user."""
    with tempfile.TemporaryDirectory(prefix="lf-qwen3-locked-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        (folder / "data" / "sums.jsonl").write_text(json.dumps(ROW) + "\n")
        (folder / "data" / "dataset_info.json").write_text(json.dumps({"sums": {"file_name": "sums.jsonl"}}))
        (folder / "rows.jsonl").write_text(
            json.dumps({"question": "A?", "think": "t", "answer": "B."}) + "\n"
        )
        for path in (folder / "data", folder):
            path.chmod(0o555)
        yield folder
        for path in (folder, folder / "data"):
            path.chmod(0o755)


def test_as_an_ordinary_user_what_cannot_be_written_is_refused_and_the_rest_works(
    locked: Path, tmp_path: Path
) -> None:
    (tmp_path / "rows.jsonl").write_bytes((locked / "rows.jsonl").read_bytes())
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), str(locked)]
    names = ("HOME", "HF_HOME", "HF_HUB_CACHE", "MODELSCOPE_CACHE", "XDG_CACHE_HOME")
    environment = {**os.environ, **dict.fromkeys(names, str(locked))}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout.splitlines()[-1])
    assert result["refused"] == ["no_permission", "no permission to write data"]
    assert (result["rows"], "empty_answer" in result["codes"]) == (1, True)
    assert sorted(path.name for path in locked.iterdir()) == ["data", "rows.jsonl"]
    assert sorted(path.name for path in (locked / "data").iterdir()) == ["dataset_info.json", "sums.jsonl"]
