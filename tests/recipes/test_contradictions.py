"""Presets that contradict a recipe, a setting, the model or each other are refused; all others are taken."""

import json
from pathlib import Path

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.contradictions import WORDS, refuse_contradictions
from lf_qwen3.recipes.new import plan_recipe_set
from lf_qwen3.recipes.presets import find_preset, list_presets
from lf_qwen3.recipes.shared import share_settings
from lf_qwen3.trainer import schema

SFT = {"columns": {"prompt": "instruction", "response": "output"}}
INFO = {f"my_{split}": {"file_name": f"{split}.jsonl", **SFT} for split in ("train", "val", "test")}
"""Registered, with no file: what is refused is refused before a row is read."""

REFUSED = [
    ("qwen3-4b-qlora-sft", ["cpu"], {}, "quantization_bit"),
    ("qwen3-4b-lora-sft", ["cpu", "liger"], {}, "liger"),
    ("qwen3-4b-lora-sft", ["cpu", "ds-zero2"], {}, "ds-zero2"),
    ("qwen3-4b-lora-sft", ["fsdp", "cpu"], {}, "fsdp"),
    ("qwen3-4b-lora-sft", ["cpu", "fsdp-qlora"], {}, "fsdp-qlora"),
    ("qwen3-4b-lora-sft", ["cpu", "ray"], {}, "ray"),
    ("qwen3-4b-lora-sft", ["cpu", "adam-8bit"], {}, "adam-8bit"),
    ("qwen3-4b-lora-sft", ["cpu"], {"optim": "paged_adamw_8bit"}, "paged_adamw_8bit"),
    ("qwen3-4b-lora-sft", ["ds-zero2-offload", "adam-8bit"], {}, "adam-8bit"),
    ("qwen3-4b-full-sft", ["ds-zero3-offload"], {"optim": "adafactor"}, "adafactor"),
    ("qwen3-4b-full-sft", ["fsdp-qlora"], {}, "finetuning_type: full"),
    ("qwen3-4b-qlora-sft", ["fsdp"], {}, "quantization_bit"),
    ("qwen3-4b-dora-sft", ["fsdp-qlora"], {}, "use_dora"),
    ("qwen3-4b-lora-dpo", ["neat-packing"], {}, "stage: dpo"),
    ("qwen3-4b-lora-sft", ["unsloth", "ds-zero2"], {}, "ds-zero2"),
    ("qwen3-4b-thinking-2507-lora-sft", ["yarn"], {}, "model_name_or_path"),
    ("qwen3-4b-qlora-sft", ["ds-zero3"], {"quantization_bit": 8}, "quantization_bit: 8"),
    ("qwen3-4b-lora-sft", ["ds-zero3"], {"use_unsloth": True}, "use_unsloth"),
    ("qwen3-4b-lora-sft", ["fp16"], {"flash_attn": "fa2"}, "flash_attn"),
    ("qwen3-4b-lora-sft", ["greedy"], {}, "thinking"),
    ("qwen3-4b-thinking-2507-lora-sft", ["greedy"], {}, "thinking"),
    ("qwen3-4b-thinking-2507-lora-sft", ["non-thinking"], {}, "always"),
    ("qwen3-4b-instruct-2507-lora-sft", ["thinking"], {}, "never"),
]
TAKEN = [
    ("qwen3-0.6b-lora-sft", ["cpu", "swanlab-local", "quick"], {}),
    ("qwen3-0.6b-lora-sft", ["cpu"], {"quantization_bit": None}),
    ("qwen3-4b-qlora-sft", ["fsdp-qlora"], {}),
    ("qwen3-4b-qlora-sft", ["ds-zero3"], {}),
    ("qwen3-4b-full-sft", ["ds-zero3", "adam-8bit", "liger"], {}),
    ("qwen3-4b-full-sft", ["ds-zero3-offload"], {"optim": "adamw_torch"}),
    ("qwen3-4b-lora-sft", ["greedy"], {"enable_thinking": False}),
    ("qwen3-4b-instruct-2507-lora-sft", ["greedy"], {}),
    ("qwen3-4b-lora-sft", ["non-thinking", "fp16"], {}),
]


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/dataset_info.json").write_text(json.dumps(INFO))


def plan(recipe, names, settings, model=None):
    return plan_recipe_set(RecipeChoice(recipe, "my", "data", "runs/my", model, settings, tuple(names)))


def test_what_contradicts_is_refused_by_its_name():
    wrong = {}
    for recipe, names, settings, named in REFUSED:
        try:
            plan(recipe, names, settings)
            wrong[recipe, *names] = "taken"
        except UsageError as error:
            if error.code != "presets_exclude" or named not in error.message or not error.hint:
                wrong[recipe, *names] = f"{error.code}: {error.message}"
    assert wrong == {}


def test_what_goes_together_is_taken():
    for recipe, names, settings in TAKEN:
        plan(recipe, names, settings)


def test_every_rule_names_what_there_is_and_a_way_out():
    groups = {preset.group for preset in list_presets()}
    known = schema.load()["properties"].keys()
    assert not groups & known
    for preset in list_presets():
        for rule in preset.excludes:
            assert all(isinstance(rule[word], str) and rule[word] for word in WORDS)
            keys = rule.keys() - set(WORDS)
            assert keys
            assert keys <= known | groups | {"mode", "thinks"}, preset.name


def share(train):
    return share_settings({"model_name_or_path": "mine", "output_dir": "out", **train}, "thinking")


def test_a_rule_of_two_keys_needs_both():
    from dataclasses import replace

    rule = {"stage": ["pt", "dpo"], "packing": "any", "why": "a", "instead": "b"}
    mine = replace(find_preset("quick"), excludes=(rule,))
    for train in ({"stage": "pt", "packing": False}, {"packing": True}):
        refuse_contradictions([mine], share(train))
    with pytest.raises(UsageError, match="stage: dpo"):
        refuse_contradictions([mine], share({"stage": "dpo", "packing": True}))


@pytest.mark.parametrize("recipe", ["qwen3-8b-lora-sft", "qwen3-8b-qlora-sft", "qwen3-8b-full-sft"])
@pytest.mark.parametrize(
    "model", ["Qwen/Qwen3-32B-AWQ", "Qwen/Qwen3-8B-GPTQ-Int4", "unsloth/Qwen3-8B-bnb-4bit"]
)
def test_a_quantised_model_is_refused_and_the_plain_one_named(recipe, model):
    for choice in ((recipe, [], {}, model), (recipe, [], {"model_name_or_path": model})):
        with pytest.raises(UsageError) as error:
            plan(*choice)
        assert error.value.code == "model_quantised"
        assert f"use {model.split('B-')[0]}B;" in error.value.hint
    plan(recipe, [], {}, "Qwen/Qwen3-8B-FP8")


def test_a_folder_of_quantised_weights_is_known_by_its_config(tmp_path):
    config = {"model_type": "qwen3", "quantization_config": {"quant_method": "awq"}}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError) as error:
        plan("qwen3-8b-lora-sft", [], {}, str(tmp_path / "mine"))
    assert error.value.code == "model_quantised"


def test_half_precision_is_exported_too():
    made = plan("qwen3-4b-lora-sft", ["fp16"], {})
    assert {made.settings[f"{name}.yaml"]["infer_dtype"] for name in ("chat", "api", "export")} == {"float16"}
