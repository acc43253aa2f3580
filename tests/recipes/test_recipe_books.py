"""What `recipe new` writes beside the YAML: the run books, the board's arguments, and what presets bring."""

import json
import shlex
from pathlib import Path

import pytest

from lf_qwen3.cli import cli
from lf_qwen3.recipes import board, presets
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.new import plan_recipe_set, write_recipe_set
from lf_qwen3.recipes.presets import Preset
from lf_qwen3.trainer import yaml_reader

SFT = {"columns": {"prompt": "instruction", "response": "output"}}
INFO = {
    **{f"my_{split}": {"file_name": f"my_{split}.jsonl", **SFT} for split in ("train", "val", "test")},
    "pairs_train": {"file_name": "pairs.jsonl", "ranking": True},
    "feedback_train": {"file_name": "f.jsonl", "columns": {"messages": "messages", "kto_tag": "label"}},
    "words_train": {"file_name": "w.jsonl", "columns": {"prompt": "text"}},
}
NO_ANSWERS = {"dpo": "pairs", "kto": "feedback", "pt": "words"}


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/dataset_info.json").write_text(json.dumps(INFO))


def chosen(recipe="qwen3-4b-lora-sft", *names, dataset="my", out="runs/my", gguf=False):
    return RecipeChoice(recipe, dataset, "data", out, presets=names, gguf=gguf)


def test_a_tracked_run_has_project_and_name(monkeypatch):
    tracked = Preset("tracked", "tracking", "Track.", Path("x"), train={"use_swanlab": True})
    monkeypatch.setattr(presets, "choose_presets", lambda names: [tracked])
    write_recipe_set(plan_recipe_set(chosen()))
    found = yaml_reader.read(Path("runs/my/train.yaml")).settings
    assert (found["swanlab_project"], found["swanlab_run_name"]) == (
        "lf-qwen3",
        "qwen3-4b-lora-sft-my",
    )
    assert "export SWANLAB_API_KEY=" in Path("runs/my/RUN.md").read_text()
    monkeypatch.setattr(presets, "choose_presets", lambda names: [])
    assert "SWANLAB_API_KEY" not in plan_recipe_set(chosen()).texts[Path("runs/my/RUN.md")]


SCALED = [one for one in presets.list_presets() if one.environment or one.launch or one.files]


@pytest.mark.parametrize("preset", SCALED, ids=lambda one: one.name)
def test_a_preset_for_scale_brings_its_files_and_its_line(preset):
    recipe = f"qwen3-4b-{'qlora' if 'qlora' in preset.name else 'lora'}-sft"
    made = plan_recipe_set(chosen(recipe, preset.name))
    write_recipe_set(made)
    placed = preset.placed("runs/my")
    assert (
        presets.launch_command([placed], "runs/my/train.yaml")
        in Path("runs/my/RUN.md").read_text().splitlines()
    )
    for file in preset.files:
        assert (Path("runs/my") / file.name).read_bytes() == file.read_bytes()
    for key, value in placed.train.items():
        assert made.train[key] == value
    assert not [word for word in made.steps.train.split() if word.startswith("recipes/")]


@pytest.mark.parametrize(("stage", "dataset"), NO_ANSWERS.items(), ids=list(NO_ANSWERS))
def test_data_without_answers_gets_no_predict_files(stage, dataset):
    made = plan_recipe_set(chosen(f"qwen3-4b-lora-{stage}", dataset=dataset, gguf=True))
    assert not [name for name in made.settings if name.startswith("predict")]
    assert "--test NAME" in made.notes[-1]
    book = made.texts[Path("runs/my/RUN.md")]
    assert "predict_" not in book
    assert "--test NAME" in book
    assert ("lf-qwen3 gguf runs/my --quant Q8_0 --dataset NAME" in book) == (stage != "rm")


@pytest.mark.parametrize("out", ["runs/my", "a folder/my run"])
def test_every_command_of_a_run_book_names_what_is_there(out):
    made = plan_recipe_set(chosen(out=out, gguf=True))
    write_recipe_set(made)
    blocks = made.texts[Path(out) / "RUN.md"].split("```bash\n")[1:]
    lines = [line for block in blocks for line in block.partition("```")[0].splitlines()]
    assert lines
    for line in lines:
        words = [word for word in shlex.split(line) if "=" not in word or word.startswith("-")]
        if words[0] == "llamafactory-cli" and words[1] != "webui":
            assert Path(words[2]).is_file(), line
        if words[0] == "lf-qwen3" and words[1] in cli.list_commands(None):
            options = {name for one in cli.get_command(None, words[1]).params for name in one.opts}
            assert {word for word in words if word.startswith("--")} <= options, line


def test_a_book_names_the_way_to_more_data_for_supervised_training():
    lines = plan_recipe_set(chosen()).texts[Path("runs/my/RUN.md")].splitlines()
    verbs = [
        line.split()[1]
        for line in lines
        if (line.startswith("lf-qwen3 ") and "my_more" in line) or "--url" in line
    ]
    assert verbs[-5:] == ["rate", "augment", "distil", "convert", "check"]
    book = plan_recipe_set(chosen("qwen3-4b-lora-dpo")).texts[Path("runs/my/RUN.md")]
    assert "More data from a model" not in book


def test_a_book_goes_on_to_gguf_where_that_is_asked_for():
    lines = plan_recipe_set(chosen(gguf=True)).texts[Path("runs/my/RUN.md")].splitlines()
    assert "lf-qwen3 gguf runs/my --quant Q8_0" in lines
    assert "## 5. GGUF" not in plan_recipe_set(chosen()).texts[Path("runs/my/RUN.md")]


@pytest.mark.parametrize("recipe", ["qwen3-4b-lora-sft", "qwen3-8b-qlora-sft", "qwen3-1.7b-full-sft"])
def test_the_board_gets_no_model_name_and_no_secret(recipe):
    values = board.build_arguments(plan_recipe_set(chosen(recipe)).train | {"swanlab_api_key": "abc"})
    assert "top.model_name" not in values
    assert "abc" not in json.dumps(values)
    assert not [key for key in values if "api_key" in key]


def test_the_board_is_told_what_no_element_can_show():
    values = board.build_arguments(
        {"dataset": "a,b", "learning_rate": 1e-05, "save_steps": 0.1, "enable_thinking": None}
    )
    extra = json.loads(values["train.extra_args"])
    assert (values["train.dataset"], values["train.learning_rate"]) == (["a", "b"], "1e-05")
    assert (extra["save_steps"], extra["enable_thinking"]) == (0.1, None)
    assert "train.save_steps" not in values
