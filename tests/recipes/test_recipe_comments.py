"""The comments of a train.yaml are about the values that it has, whoever changed them."""

from pathlib import Path

import pytest

from lf_qwen3.recipes import adapt, list_shipped
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.document import YamlDocument
from lf_qwen3.recipes.new import plan_recipe_set
from lf_qwen3.recipes.presets import Preset


@pytest.mark.parametrize("recipe", list_shipped(), ids=lambda recipe: recipe.name)
def test_no_comment_of_a_recipe_stays_beside_another_value(recipe):
    made = YamlDocument(recipe.text)
    changed = {key: "another" for key in made.settings if key not in ("val_size", "eval_dataset")}
    adapt.apply_settings(made, changed, {"lora_rank": "as wanted"})
    lines = dict(line.split(": another", 1) for line in made.text().splitlines() if ": another" in line)
    said = {key: "as wanted" if key == "lora_rank" else "set by hand" for key in changed}
    assert {key: rest.strip(" #") for key, rest in lines.items()} == said


def test_the_same_value_keeps_its_comment():
    made = YamlDocument("seed: 1  # lucky\n")
    adapt.apply_settings(made, {"seed": 1})
    adapt.apply_presets(made, [Preset("mine", "new", "Mine.", Path("x"), train={"seed": 1})])
    assert "seed: 1  # lucky\n" in made.text()


def test_a_step_that_does_not_follow_is_not_called_the_same():
    made = YamlDocument("eval_steps: 0.1\nsave_steps: 0.1  # same as eval_steps\n")
    adapt.apply_settings(made, {"eval_steps": 5, "load_best_model_at_end": False})
    assert "save_steps: 0.1  # eval_steps differs: it is set by hand\n" in made.text()


def test_every_file_of_a_set_says_what_was_set_by_hand():
    own = {"learning_rate": 2e-4, "finetuning_type": "full", "export_size": 9}
    made = plan_recipe_set(RecipeChoice("lora-sft", "sample_mixed", "dataset_info", "runs/my", settings=own))
    lines = [*made.files["export.yaml"].splitlines(), *made.files["train.yaml"].splitlines()]
    said = {line.split(":")[0]: line.partition(" # ")[2] for line in lines}
    assert {said[key] for key in own} == {"set by hand"}
    assert said["output_dir"].startswith("model, ")


def test_a_predict_file_says_nothing_of_a_number_that_was_replaced():
    own = {"max_new_tokens": 77, "temperature": 0.1}
    made = plan_recipe_set(RecipeChoice("lora-sft", "sample_mixed", "dataset_info", "runs/my", settings=own))
    lines = made.files["predict_tuned.yaml"].splitlines()
    assert [line for line in lines if line.startswith(tuple(own))] == [f"{key}: {own[key]}" for key in own]
