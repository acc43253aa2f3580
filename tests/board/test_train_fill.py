"""The Train tab's fields as a recipe fills them: what goes into them, and what no field can hold."""

import json
import shutil
from pathlib import Path

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.board.handlers import train, train_fill, train_steps
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts
from lf_qwen3.qwen3 import model_origin
from lf_qwen3.recipes import board

SAMPLES = Path(__file__).parents[2] / "dataset_info"
SFT = {
    "stage": "sft",
    "model_name_or_path": "Qwen/Qwen3-4B",
    "template": "qwen3",
    "dataset": "rows",
    "dataset_dir": "data",
    "finetuning_type": "lora",
    "max_samples": None,
    "enable_thinking": None,
    "per_device_train_batch_size": 2,
    "gradient_accumulation_steps": 4,
    "num_train_epochs": 3.0,
    "eval_strategy": "steps",
    "eval_dataset": "rows",
    "eval_steps": 0.1,
    "save_steps": 0.1,
    "logging_steps": 5,
    "warmup_ratio": 0.05,
    "load_best_model_at_end": True,
}


def write_rows(count):
    """Register a dataset of so many rows."""
    Path("data").mkdir(exist_ok=True)
    line = json.dumps({"instruction": "q", "output": "a"}) + "\n"
    Path("data/rows.jsonl").write_text(line * count, "utf-8")
    Path("data/dataset_info.json").write_text(json.dumps({"rows": {"file_name": "rows.jsonl"}}), "utf-8")


def fill(**changes):
    filled = train_fill.values(SFT | changes)
    return filled, json.loads(filled[train_fill.EXTRA])


def labels(name):
    return {"en": f"<{name}>"}


def test_steps_and_rows_are_reckoned_from_the_records_and_stand_in_their_fields(here):
    write_rows(800)  # 800 rows / (2 x 4) = 100 steps an epoch, 300 in all
    filled, extra = fill()
    assert filled["train.max_samples"] == "100000"
    assert filled["train.save_steps"] == extra["eval_steps"] == 30
    assert filled["train.warmup_steps"] == 15
    assert filled["train.logging_steps"] == 5
    assert not {"max_samples", "save_steps", "warmup_ratio", "warmup_steps"} & extra.keys()
    assert train_fill.describe_fill(SFT, filled, labels)["validates"] == 30


def test_each_card_takes_its_share_of_the_steps(here):
    write_rows(800)
    filled = train_fill.values(SFT, gpus=4)
    assert json.loads(filled[train_fill.EXTRA])["eval_steps"] == 8
    assert filled["train.save_steps"] == 16  # a multiple that the board's own slider has


def test_a_field_takes_a_number_that_covers_all_rows(here):
    write_rows(100_001)
    assert fill()[0]["train.max_samples"] == "100001"
    Path("data/rows.jsonl").unlink()
    assert int(fill()[0]["train.max_samples"]) == train_fill.ANY_ROWS


def test_a_slider_s_ends_keep_nothing_in_the_extra_arguments(here):
    write_rows(16)  # six steps: fewer than the least that the board's slider of save_steps shows
    assert fill()[0]["train.save_steps"] == board.SLIDERS["save_steps"][1]
    filled, extra = fill(pref_beta=2.0, save_steps=1)
    assert filled["train.save_steps"] == 1
    assert filled["train.pref_beta"] == 2.0
    assert not {"save_steps", "pref_beta"} & extra.keys()


def test_what_overrides_a_field_is_named(here):
    write_rows(800)
    filled, _ = fill()
    overridden = train_fill.describe_fill(SFT, filled, labels)["overridden"]
    assert overridden == [(labels("train.enable_thinking"), "enable_thinking", None)]
    Path("data/rows.jsonl").unlink()  # no steps can be told: the shares stay, and are named
    overridden = train_fill.describe_fill(SFT, fill()[0], labels)["overridden"]
    assert {key for _, key, _ in overridden} == {"enable_thinking", "save_steps", "warmup_ratio"}


@pytest.mark.parametrize("language", languages())
def test_the_page_warns_of_fields_that_do_not_count(here, language):
    write_rows(800)
    filled, _ = fill()
    told = texts(language)
    shown = render(
        "train/filled",
        told,
        state={
            "set": filled,
            "unknown": [],
            "notes": [],
            **train_fill.describe_fill(
                SFT | {"reward_model": "saves/rm"}, filled, lambda name: {language: "<Denken>"}
            ),
            "suggestion": train_fill.suggest(SFT, "", ""),
        },
    )
    assert f'<p class="lfq-warning">{told("train.overridden")}</p>' in shown
    assert "&lt;Denken&gt;: <code>enable_thinking: null</code>" in shown
    assert told("train.replaced", settings="reward_model: saves/rm") in shown
    assert told("train.validates", steps=30) in shown


def test_ways_to_take_less_become_presets_and_settings():
    plan = {
        "settings": {"gradient_accumulation_steps": 4},
        "memory": {
            "smaller": [
                {"changes": {"enable_liger_kernel": True, "cutoff_len": 1024}},
                {"changes": {"per_device_train_batch_size": 1, "times": 2}},
                {"changes": {"deepspeed": 3}},
            ]
        },
    }
    hardware = train.hardware_names()
    ways = [train_steps.choose_way(plan, str(number)) for number in range(3)]
    assert train_steps.split_presets(ways[0], ["fp16"], hardware) == (["fp16", "liger"], {"cutoff_len": 1024})
    assert ways[1] == {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 8}
    assert train_steps.split_presets(ways[2], ["ds-zero2"], hardware) == (["ds-zero3"], {})
    for number in ("3", "-1", "x", ""):
        with pytest.raises(UsageError, check=lambda error: error.code == "option_value"):
            train_steps.choose_way(plan, number)


def test_ways_to_take_less_go_into_the_train_tab():
    changes = {"cutoff_len": 1024, "optim": "paged_adamw_8bit", "pure_bf16": True, "deepspeed": 3}
    filled = train_fill.change_values(changes, {"cutoff_len": 9, "optim": "adamw_torch", "a": 1}, "auto")
    assert json.loads(filled.pop(train_fill.EXTRA)) == {"a": 1, "optim": "paged_adamw_8bit"}
    assert filled == {"train.cutoff_len": 1024, "train.compute_type": "pure_bf16", "train.ds_stage": "3"}
    for booster, extra in (("auto", {}), ("unsloth", {"enable_liger_kernel": True})):
        filled = train_fill.change_values({"enable_liger_kernel": True}, {}, booster)
        assert json.loads(filled.pop(train_fill.EXTRA)) == extra
        assert filled == ({} if extra else {"top.booster": "liger_kernel"})


@pytest.mark.parametrize("recipe", ["qwen3-8b-full-sft", "qwen3-4b-lora-dpo", "qwen3-0.6b-lora-sft"])
def test_each_way_that_is_offered_makes_the_choice_smaller(here, recipe):
    form = train.TrainingForm(recipe=recipe, gpus=4)
    plan = train.plan_choice(form)
    assert plan["memory"]["smaller"]
    for number, way in enumerate(plan["memory"]["smaller"]):
        changes = train_steps.choose_way(plan, str(number))
        hardware, settings = train_steps.split_presets(changes, [], train.hardware_names())
        smaller = train.plan_choice(
            train.TrainingForm(recipe=recipe, hardware=hardware, changes=settings, gpus=4)
        )
        assert smaller["memory"]["total"] == way["total"]
        shown = render("train/plan", texts("en"), state=smaller)
        assert all(f"changed to need less memory: {key}: " in shown for key in settings)


def test_the_estimate_on_the_cpu_is_main_memory_in_32_bits(here):
    on_card, on_cpu = (
        train.plan_choice(train.TrainingForm(recipe="qwen3-0.6b-lora-sft", hardware=hardware))["memory"]
        for hardware in ([], ["cpu"])
    )
    assert on_cpu["card"] == "RAM"
    assert on_cpu["parts"]["weights"] > 1.9 * on_card["parts"]["weights"]
    state = train.plan_choice(train.TrainingForm(recipe="qwen3-0.6b-lora-sft", hardware=["cpu"]))
    shown = render("train/plan", texts("en"), state=state)
    assert texts("en")("train.main_memory") in shown
    assert texts("en")("train.card") not in shown


def test_the_plan_tells_the_steps_of_the_chosen_data(here):
    shutil.copytree(SAMPLES, "data")
    form = train.TrainingForm(recipe="qwen3-4b-lora-sft", dataset="sample_mixed_train")
    plan = train.plan_choice(form)
    settings, _ = train.fit_recipe(form)
    assert plan["steps"] == train_steps.count_training_steps(settings) > 0
    assert train.plan_choice(train.TrainingForm(recipe=form.recipe))["steps"] is None


def test_recipes_are_those_of_the_model_at_the_top():
    named = train.recipe_names(False, "Qwen/Qwen3-4B")
    assert named
    assert all(name.startswith("qwen3-4b-") for name in named)
    assert not [name for name in named if "base" in name or "2507" in name]
    assert train.recipe_names(False, "gpt2") == train.recipe_names(False, None) == train.recipe_names()
    assert len(train.recipe_names(True, "Qwen/Qwen3-4B")) > len(named)


def write_config(folder, layers, hidden, context):
    Path(folder).mkdir()
    config = {"model_type": "qwen3", "num_hidden_layers": layers, "hidden_size": hidden}
    Path(folder, "config.json").write_text(json.dumps(config | {"max_position_embeddings": context}), "utf-8")


def test_a_local_copy_of_the_model_is_known_by_its_config(here):
    write_config("mine", 36, 2560, 40_960)
    write_config("base", 36, 2560, 32_768)
    write_config("either", 36, 2560, 262_144)  # Instruct or Thinking
    assert model_origin.find_origin("mine").name == "Qwen3-4B"
    assert model_origin.find_origin("base").name == "Qwen3-4B-Base"
    assert model_origin.find_origin("either") is None
    fits = train_fill.suggest(SFT, "mine", "qwen3")
    assert fits["wants_model"] == fits["model"]
    other = train_fill.suggest(SFT, "base", "qwen3")
    assert other["wants_model"] == "Qwen/Qwen3-4B"
