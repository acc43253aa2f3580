"""`recipe` as a function: the set it plans, what it writes, and that the command line writes the same."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.cli import cli
from lf_qwen3.recipes.new import recipe

NAME = "qwen3-4b-lora-sft"


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """Stand in a folder with a registered dataset `my` in ./data."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    entries = {f"my_{split}": {"file_name": f"my_{split}.jsonl"} for split in ("train", "val", "test")}
    Path("data/dataset_info.json").write_text(json.dumps(entries), "utf-8")


def files_in(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def test_nothing_is_written_before_write():
    planned = recipe(NAME, dataset="my", dataset_dir=Path("data"))
    assert "train.yaml" in planned.files
    assert planned.settings["train.yaml"]["dataset"] == "my_train"
    assert not Path("runs").exists()
    planned.write()
    assert files_in("runs/my") == planned.files


def test_another_folder_changes_the_paths_in_the_files():
    written = recipe(NAME, dataset="my", dataset_dir="data").write(Path("elsewhere"))
    assert files_in("elsewhere") == written.files
    assert written.settings["train.yaml"]["output_dir"] == "elsewhere/adapter"
    assert not Path("runs").exists()
    assert "runs/my" not in "".join(written.files.values())


def test_options_mean_what_they_mean_on_the_command_line():
    options = ["--model", "Qwen/Qwen3-8B", "--preset", "quick", "--set", "lora_rank=32", "--gguf"]
    common = ["--dataset", "my", "--dataset-dir", "data", "--out", "runs/a"]
    assert CliRunner().invoke(cli, ["recipe", "new", NAME, *common, *options]).exit_code == 0
    planned = recipe(
        NAME,
        dataset="my",
        dataset_dir="data",
        out="runs/a",
        model="Qwen/Qwen3-8B",
        preset="quick",
        set={"lora_rank": 32},
        gguf=True,
    )
    assert files_in("runs/a") == planned.files
    several = recipe(NAME, dataset="my", dataset_dir="data", preset=["quick", "non-thinking"])
    assert several.choice.presets == ("quick", "non-thinking")


def test_a_file_with_other_content_is_kept_unless_replaced():
    recipe(NAME, dataset="my", dataset_dir="data").write("out")
    changed = recipe(NAME, dataset="my", dataset_dir="data", set={"cutoff_len": 512})
    with pytest.raises(LfQwen3Error) as error:
        changed.write("out")
    assert error.value.code == "file_exists"
    written = changed.write("out", replace=True)
    assert files_in("out") == written.files
    assert written.settings["train.yaml"]["cutoff_len"] == 512


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"name": "qwen3-4b-lora-stf"}, "unknown_recipe"),
        ({"dataset": "yours"}, "dataset_not_registered"),
        ({"preset": "quik"}, "unknown_preset"),
        ({"preset": ["quick", "full"]}, "presets_exclude"),
        ({"set": {"hf_hub_token": "secret"}}, "secret_in_file"),
        ({"test": "gone"}, "dataset_not_registered"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_an_option_that_cannot_be_met(options, code):
    given = {"name": NAME, "dataset": "my", "dataset_dir": "data", **options}
    with pytest.raises(UsageError) as error:
        recipe(given.pop("name"), **given)
    assert error.value.code == code
