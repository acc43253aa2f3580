"""The README tells the truth: its commands run; so does the table of converters in docs/guides/sources.md."""

import importlib.util
import re
import shlex
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from lf_qwen3.base import assets
from lf_qwen3.cli import cli
from lf_qwen3.data import converters

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text("utf-8") if README.is_file() else ""
BLOCKS = re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)
NOT_HERE = {
    "augment": "asks a server of models",
    "download": "asks a hub",
    "diagnose": "wants a run",
    "distil": "asks a server of models",
    "evaluate": "wants a GPU",
    "gguf": "wants a run",
    "rate": "asks a server of models",
    "rehearse": "trains for a minute; tests/rehearse and tests/webui do so",
    "webui": "serves on",
}
COMMANDS = [
    line
    for block in BLOCKS
    for line in block.splitlines()
    if line.startswith("lf-qwen3 ") and line.split()[1] not in NOT_HERE
]
SAMPLES = {
    "raw/medical_r1/r1_data_example.jsonl": "sample_medical_r1.jsonl",
    "raw/finetome/data/train-00000-of-00001.parquet": "sample_finetome.parquet",
}


@pytest.mark.slow
def test_the_commands_run_one_after_the_other(tmp_path, monkeypatch, request):
    if importlib.util.find_spec("llamafactory"):
        request.getfixturevalue("warm_trainer")
    for place, sample in SAMPLES.items():
        (tmp_path / place).parent.mkdir(parents=True)
        shutil.copy(assets.folder("dataset_info") / sample, tmp_path / place)
    monkeypatch.chdir(tmp_path)
    assert len(COMMANDS) >= 4
    for line in COMMANDS:
        result = CliRunner().invoke(cli, shlex.split(line)[1:])
        assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception}"
    given = re.findall(r"(?:llamafactory-cli \w+|lf-qwen3 rehearse) (\S+\.yaml)", "\n".join(BLOCKS))
    assert len(given) >= 4
    assert [name for name in given if not (tmp_path / name).is_file()] == []


@pytest.mark.parametrize("command", sorted(set(re.findall(r"\| `lf-qwen3 ([^`]*)`", TEXT))))
def test_the_options_in_the_table_exist(command):
    words = [word.strip("[].") for word in command.split()]
    found: click.Command = cli
    while isinstance(found, click.Group) and words:
        found = found.get_command(click.Context(found), words.pop(0))
    options = {name for option in found.params for name in option.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_the_table_of_converters_is_the_code_s():
    page = (README.parent / "docs" / "guides" / "sources.md").read_text("utf-8")
    table = page.partition("<!-- converters:")[2].partition("<!-- end of converters")[0]
    rows = {
        row[0]: re.findall(r"`(\w+)`", row[1])
        for row in re.findall(r"^\| `(\w+)` \| ([^|]*) \|", table, re.M)
    }
    assert sorted(rows) == list(converters.all_converters())
    recognised = {name: columns for name, columns in rows.items() if not converters.get(name).is_by_name}
    assert {name: converters.detect(columns).name for name, columns in recognised.items()} == {
        name: name for name in recognised
    }
