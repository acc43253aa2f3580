"""What every recipe file must hold, so that a new one is complete by being dropped into the folder."""

import re

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.qwen3.architecture import CHECKPOINTS
from lf_qwen3.qwen3.checkpoints import kind_of
from lf_qwen3.recipes import find_recipe, list_shipped, name_method
from lf_qwen3.recipes.needs import describe_needs
from lf_qwen3.trainer import schema

RECIPES = pytest.mark.parametrize("recipe", list_shipped(), ids=lambda recipe: recipe.name)
METHODS = {
    *("lora-sft", "qlora-sft", "full-sft", "rslora-sft", "dora-sft", "lora-pt", "full-pt"),
    *("lora-dpo", "lora-orpo", "lora-simpo", "lora-kto", "lora-rm", "lora-ppo"),
}
OTHERS = {
    "moe-lora-sft",
    "medical-qwen3-4b-lora-sft",
    "medical-qwen3-1.7b-full-sft",
    "thinking-75-lora-sft",
}
DATA = {
    **dict.fromkeys(("sft", "ppo"), "sample_mixed"),
    **dict.fromkeys(("dpo", "rm"), "sample_preference"),
    "kto": "sample_kto",
    "pt": "sample_text",
}


def test_every_method_and_the_tutorials_are_there():
    assert {one.name for one in list_shipped() if one.is_method} >= METHODS
    assert {one.name for one in list_shipped() if not one.is_method} >= OTHERS


@RECIPES
def test_it_opens_with_schema_summary_command_and_needs(recipe):
    header = recipe.document.header
    assert header[0] == "# yaml-language-server: $schema=training.schema.json"
    assert recipe.summary.endswith(".")
    assert f"#   llamafactory-cli train recipes/{recipe.name}.yaml" in header
    assert any(line.startswith("# Needs") for line in header)


@RECIPES
def test_the_recipe_that_its_comment_names_is_its_own(recipe):
    said = re.search(r"lf-qwen3 recipe new (\S+) ", "\n".join(recipe.document.header))
    assert said
    named = find_recipe(said[1])
    assert named.settings | {"output_dir": ""} == recipe.settings | {"output_dir": ""}


@RECIPES
def test_what_it_needs_is_what_its_settings_need(recipe):
    header = [line.removeprefix("# ") for line in recipe.document.header]
    start = next(at for at, line in enumerate(header) if line.startswith("Needs"))
    model = recipe.settings["model_name_or_path"]
    checkpoint = next(one for one in CHECKPOINTS if one.id == model)
    assert header[start:] == describe_needs(recipe.settings, checkpoint)


@RECIPES
def test_its_file_is_as_wide_as_a_window(recipe):
    assert max(len(line) for line in recipe.text.splitlines()) <= 120


@RECIPES
def test_it_holds_only_what_the_trainer_takes(recipe):
    schema.check_settings(recipe.settings, recipe.name)


@RECIPES
def test_its_template_goes_with_its_model(recipe):
    kind = kind_of(recipe.settings["model_name_or_path"])
    assert kind is not None
    assert recipe.settings["template"] == kind.template
    asks = kind.thinks != "never" and recipe.settings["stage"] != "pt"
    assert ("enable_thinking" in recipe.settings) == asks


@RECIPES
def test_it_points_at_the_sample_data_of_its_stage(recipe):
    settings = recipe.settings
    names = [settings.get(key) for key in ("dataset", "eval_dataset", "dataset_dir")]
    data = DATA[settings["stage"]]
    val = None if settings["stage"] == "ppo" else f"{data}_val"
    assert names == [f"{data}_train", val, "dataset_info"]


@RECIPES
def test_every_number_is_explained(recipe):
    bare = [line for line in recipe.text.splitlines() if re.fullmatch(r"\w+: *[\d.e-]+", line)]
    assert [line for line in bare if not line.startswith("per_device_eval_batch_size")] == []


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("qwen3-4b-lora", "qwen3-4b-lora-sft"),
        ("qwen3-8b-qlora-stf", "qwen3-8b-qlora-sft"),
        ("loar-sft", "lora-sft"),
        ("QWEN3-30B-A3B-QLORA", "qwen3-30b-a3b-qlora-sft"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(given, meant):
    with pytest.raises(UsageError) as caught:
        find_recipe(given)
    assert caught.value.code == "unknown_recipe"
    assert caught.value.hint.startswith(f"did you mean {meant}?")


def test_a_name_unlike_any_other_is_answered_with_how_names_are_formed():
    with pytest.raises(UsageError) as caught:
        find_recipe("something else")
    assert "qlora-sft" in caught.value.hint
    assert "did you mean" not in caught.value.hint


def test_a_name_may_be_written_as_the_hub_writes_it():
    assert find_recipe("Qwen3-8B-lora-sft").name == "qwen3-8b-lora-sft"


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "lora sft"),
        ({"finetuning_type": "full", "stage": "pt"}, "full pt"),
        ({"finetuning_type": "lora", "quantization_bit": 4, "stage": "dpo"}, "qlora dpo"),
        ({"finetuning_type": "lora", "use_rslora": True}, "rslora sft"),
        ({"use_dora": True}, "dora sft"),
        ({"stage": "dpo", "pref_loss": "simpo"}, "lora simpo"),
        ({"stage": "dpo", "pref_loss": "sigmoid"}, "lora dpo"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_name_of_a_method(settings, name):
    assert name_method(settings) == name
