"""What every recipe file must hold, so that a new one is complete by being dropped into the folder."""

import re

import pytest

from lf_qwen3 import schema
from lf_qwen3.errors import UsageError
from lf_qwen3.recipes import find, method, shipped
from lf_qwen3.recipes.checkpoints import kind_of

RECIPES = pytest.mark.parametrize("recipe", shipped(), ids=lambda recipe: recipe.name)


def test_the_three_first_recipes_are_there():
    assert {"qwen3-4b-lora-sft", "qwen3-1.7b-full-sft", "qwen3-0.6b-lora-sft"} <= {
        one.name for one in shipped()
    }


@RECIPES
def test_it_opens_with_schema_summary_command_and_needs(recipe):
    header = recipe.document.header
    assert header[0] == f"# yaml-language-server: $schema={schema.FILE}"
    assert recipe.summary.endswith(".")
    assert f"#   llamafactory-cli train recipes/{recipe.name}.yaml" in header
    assert any(line.startswith(f"#   lf-qwen3 recipe new {recipe.name} ") for line in header)
    assert any(line.startswith("# Needs") for line in header)


@RECIPES
def test_it_holds_only_what_the_trainer_takes(recipe):
    schema.check(recipe.settings, recipe.name)


@RECIPES
def test_its_template_goes_with_its_model(recipe):
    kind = kind_of(recipe.settings["model_name_or_path"])
    assert kind is not None
    assert recipe.settings["template"] == kind.template
    assert ("enable_thinking" in recipe.settings) == (kind.thinks != "never")


@RECIPES
def test_it_guards_against_overfitting(recipe):
    settings = recipe.settings
    assert settings["eval_dataset"]
    assert settings["eval_strategy"] == settings["save_strategy"] == "steps"
    assert settings["eval_steps"] == settings["save_steps"]
    assert (settings["metric_for_best_model"], settings["greater_is_better"]) == ("eval_loss", False)
    assert settings["load_best_model_at_end"] is True
    assert settings["early_stopping_steps"] > 0
    assert 1 <= settings["num_train_epochs"] <= 3
    assert settings["lr_scheduler_type"] == "cosine"
    assert settings["warmup_ratio"] > 0
    assert settings["plot_loss"] is True


@RECIPES
def test_it_points_at_the_sample_data(recipe):
    settings = recipe.settings
    names = [settings[key] for key in ("dataset", "eval_dataset", "dataset_dir")]
    assert names == ["sample_mixed_train", "sample_mixed_val", "dataset_info"]


@RECIPES
def test_every_number_is_explained(recipe):
    bare = [line for line in recipe.text.splitlines() if re.fullmatch(r"\w+: *[\d.e-]+", line)]
    assert [line for line in bare if not line.startswith("per_device_eval_batch_size")] == []


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError) as caught:
        find("qwen3-4b-lora")
    assert caught.value.hint.startswith("did you mean qwen3-4b-lora-sft?")


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "lora sft"),
        ({"finetuning_type": "full", "stage": "pt"}, "full pt"),
        ({"finetuning_type": "lora", "quantization_bit": 4, "stage": "dpo"}, "qlora dpo"),
    ],
    ids=["defaults", "full", "quantised"],
)
def test_the_name_of_a_method(settings, name):
    assert method(settings) == name
