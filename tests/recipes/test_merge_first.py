"""A training on top of a tuned model merges its adapter first, and every file starts from what comes out."""

import json
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.new import plan_recipe_set, write_recipe_set

PAIRS = {"ranking": True, "columns": {"prompt": "instruction", "chosen": "chosen", "rejected": "rejected"}}
SFT = {"columns": {"prompt": "instruction", "response": "output"}}
INFO = {f"pairs_{split}": {"file_name": f"{split}.jsonl", **PAIRS} for split in ("train", "val")}
INFO |= {"questions": {"file_name": "q.jsonl", **SFT}}


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/dataset_info.json").write_text(json.dumps(INFO))


def adapter(base="Qwen/Qwen3-4B", **config):
    folder = Path("sft/adapter")
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base, **config}))
    return str(folder)


def plan(recipe="qwen3-4b-lora-dpo", model=None, out="runs/my", **settings):
    return plan_recipe_set(RecipeChoice(recipe, "pairs", "data", out, model, settings, test="questions"))


@pytest.mark.parametrize("by_hand", [False, True], ids=["--model", "--set adapter_name_or_path"])
@pytest.mark.parametrize("recipe", ["qwen3-4b-lora-dpo", "qwen3-4b-lora-simpo"])
def test_the_adapter_is_merged_and_every_file_starts_from_the_whole_model(recipe, by_hand):
    tuned = adapter()
    made = plan(recipe, adapter_name_or_path=tuned) if by_hand else plan(recipe, tuned)
    merge = made.settings["merge.yaml"]
    assert (merge["model_name_or_path"], merge["adapter_name_or_path"]) == ("Qwen/Qwen3-4B", tuned)
    start = merge["export_dir"]
    assert start == "runs/my/start/Qwen3-4B"
    assert {
        made.settings[f"{name}.yaml"]["model_name_or_path"] for name in ("train", "predict_base", "chat")
    } == {start}
    assert "adapter_name_or_path" not in made.train
    assert made.train["template"] == "qwen3"
    assert made.commands[0] == "llamafactory-cli export runs/my/merge.yaml"
    assert made.commands[1].startswith("lf-qwen3 check")
    book = made.files["RUN.md"]
    assert "the reference model is the fine-tuned model" in book
    assert "`runs/my/merge.yaml`" in book


def test_rate_and_batch_are_those_of_the_model_beside_the_adapter():
    made = plan("qwen3-4b-lora-dpo", adapter("Qwen/Qwen3-0.6B"))
    assert made.train["per_device_train_batch_size"] == 2
    assert made.train["model_name_or_path"] == "runs/my/start/Qwen3-0.6B"


@pytest.mark.parametrize(("base", "unties"), [("Qwen/Qwen3-4B-Base", True), ("Qwen/Qwen3-8B-Base", False)])
def test_two_embeddings_of_a_tied_model_are_untied_before_the_training(base, unties):
    made = plan(model=adapter(base, modules_to_save=["embed_tokens", "lm_head"]))
    start = f"runs/my/start/{base.rpartition('/')[2]}"
    assert (f"lf-qwen3 recipe untie {start}" in made.commands) == unties


def test_a_set_moves_whole():
    tuned = adapter()
    made = plan(model=tuned)
    moved = made.write("runs/other")
    assert moved.settings["merge.yaml"]["export_dir"] == moved.train["model_name_or_path"]
    assert moved.train["model_name_or_path"] == "runs/other/start/Qwen3-4B"


def test_the_reward_model_s_start_is_merged_as_a_model_that_answers():
    made = plan("qwen3-4b-lora-rm", adapter())
    assert "stage" not in made.settings["merge.yaml"]
    assert made.settings["api.yaml"]["stage"] == made.settings["export.yaml"]["stage"] == "rm"


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [
        ("qwen3-4b-lora-dpo", {"adapter_name_or_path": "sft/adapter", "create_new_adapter": True}),
        ("qwen3-4b-lora-dpo", {}),
    ],
    ids=["the trainer merges", "no adapter"],
)
def test_nothing_is_merged_where_nothing_need_be(recipe, settings):
    adapter()
    made = plan(recipe, **settings)
    assert "merge.yaml" not in made.settings
    assert made.train.get("adapter_name_or_path") == settings.get("adapter_name_or_path")


def test_an_adapter_that_is_not_there_yet_belongs_to_the_recipe_s_model():
    made = plan(adapter_name_or_path="later/adapter")
    assert made.settings["merge.yaml"]["model_name_or_path"] == "Qwen/Qwen3-4B"


def test_an_adapter_that_cannot_be_read_is_refused():
    tuned = adapter()
    Path(tuned, "adapter_config.json").write_text("{")
    with pytest.raises(LfQwen3Error) as error:
        plan(model=tuned)
    assert error.value.code == "not_json"


def test_the_files_are_written():
    write_recipe_set(plan(model=adapter()))
    assert Path("runs/my/merge.yaml").is_file()
