"""The real argument parser accepts every shipped recipe and everything that `recipe new` makes.

Two things stand in for what a test machine may lack: `is_torch_bf16_gpu_available`, because `bf16: true` is
refused without a GPU, and the presence of the three metric packages, which the parser looks for before
predicting. Nothing else of the trainer is changed.
"""

import json
import sys
from pathlib import Path

import pytest

from lf_qwen3.recipes import shipped
from lf_qwen3.recipes.choice import Choice
from lf_qwen3.recipes.new import plan, write

pytestmark = pytest.mark.llamafactory
RECIPES = [one.name for one in shipped()]
METRICS = ("jieba", "nltk", "rouge_chinese")
MODELS = [None, "Qwen/Qwen3-4B-Instruct-2507", "Qwen/Qwen3-4B-Thinking-2507", "Qwen/Qwen3-4B-Base"]


@pytest.fixture
def parse(monkeypatch, tmp_path):
    """Return a function that reads a YAML as `llamafactory-cli train` does: key -> what the trainer holds."""
    parser = pytest.importorskip("llamafactory.hparams.parser")
    monkeypatch.setattr("transformers.training_args.is_torch_bf16_gpu_available", lambda: True)
    real = parser.check_version
    monkeypatch.setattr(
        parser, "check_version", lambda name, mandatory=False: name in METRICS or real(name, mandatory)
    )
    monkeypatch.chdir(tmp_path)

    def read(path: Path) -> dict:
        monkeypatch.setattr(sys, "argv", ["train", str(path)])
        found = {}
        for arguments in parser.get_train_args():
            found.update(vars(arguments))
        return found

    return read


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data").mkdir()
    info = {name: {} for name in ("my_train", "my_val", "my_test", "2024_01")}
    (tmp_path / "data/dataset_info.json").write_text(json.dumps(info))


@pytest.mark.parametrize("recipe", shipped(), ids=lambda recipe: recipe.name)
def test_a_shipped_recipe_is_accepted(parse, recipe):
    found = parse(recipe.path)
    settings = recipe.settings
    assert found["model_name_or_path"] == settings["model_name_or_path"]
    assert found["learning_rate"] == settings["learning_rate"]
    assert found["enable_thinking"] is None
    assert found["mask_history"] is True
    assert found["eval_steps"] == found["save_steps"] == 0.1


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model or "as it stands")
@pytest.mark.parametrize("dataset", ["my", "2024_01"], ids=["three splits", "one, its name like a number"])
def test_what_recipe_new_makes_is_accepted(parse, data, recipe, model, dataset):
    made = plan(Choice(recipe, dataset, "data", "runs/my run", model))
    write(made)
    train, answers = (parse(path) for path in made.texts)
    assert train["dataset"] == [made.splits.train]
    assert train["template"] == answers["template"] == made.train["template"]
    assert answers["eval_dataset"] == [made.predict["eval_dataset"]]
    assert (answers["do_predict"], answers["predict_with_generate"]) == (True, True)
    assert (answers["temperature"], answers["top_k"]) == (made.predict["temperature"], 20)


SETTINGS = {
    "eval_strategy": "no",
    "load_best_model_at_end": False,
    "learning_rate": 1e-05,
    "run_name": "1e3",
    "lora_target": ["q_proj", "v_proj"],
    "default_system": "yes: be # kind",
}


def test_the_trainer_reads_each_value_as_it_was_meant(parse, data):
    made = plan(Choice("qwen3-4b-lora-sft", "my", "data", "runs", None, SETTINGS))
    write(made)
    train, answers = (parse(path) for path in made.texts)
    assert {key: train[key] for key in SETTINGS} == SETTINGS
    assert answers["default_system"] == SETTINGS["default_system"]


def test_bf16_is_what_a_machine_without_a_gpu_refuses(parse, monkeypatch):
    monkeypatch.setattr("transformers.training_args.is_torch_bf16_gpu_available", lambda: False)
    with pytest.raises(ValueError, match="bf16"):
        parse(shipped()[0].path)
