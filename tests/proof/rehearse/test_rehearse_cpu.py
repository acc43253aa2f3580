"""What a rehearsal switches off, what it makes smaller, and what it leaves alone."""

import pytest

from lf_qwen3.proof.rehearse import cpu
from lf_qwen3.recipes import list_shipped
from lf_qwen3.trainer import schema

BASE = {"model_name_or_path": "Qwen/Qwen3-4B", "stage": "sft", "do_train": True, "learning_rate": 1e-4}


def off(**settings):
    """Return key -> reason of what is switched off."""
    return {change.key: change.why for change in cpu.switch_off({**BASE, **settings})[1]}


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("bf16", True, "needs a GPU"),
        ("fp16", True, "needs a GPU"),
        ("pure_bf16", True, "needs a GPU"),
        ("quantization_bit", 4, "QLoRA is rehearsed as LoRA"),
        ("quantization_method", "bnb", "QLoRA is rehearsed as LoRA"),
        ("double_quantization", True, "QLoRA is rehearsed as LoRA"),
        ("deepspeed", "ds_z3.json", "several GPUs"),
        ("deepspeed", {"zero_optimization": {"stage": 2}}, "several GPUs"),
        ("fsdp", ["full_shard", "auto_wrap"], "several GPUs"),
        ("fsdp_config", {"fsdp_version": 2}, "several GPUs"),
        ("ray_num_workers", 4, "several GPUs"),
        ("tensor_model_parallel_size", 2, "several GPUs"),
        ("flash_attn", "fa2", "on a GPU only"),
        ("enable_liger_kernel", True, "on a GPU only"),
        ("use_unsloth", True, "on a GPU only"),
        ("optim", "paged_adamw_8bit", "on a GPU only"),
        ("use_swanlab", True, "nothing is sent"),
        ("report_to", "wandb", "nothing is sent"),
        ("report_to", ["wandb", "tensorboard"], "nothing is sent"),
        ("push_to_hub", True, "nothing is sent"),
        ("tokenized_path", "saves/tokens", "nothing is written there"),
        ("model_revision", "v2", "the real model"),
        ("local_rank", 3, "several GPUs"),
        ("run_name", "mine", "nothing is sent"),
        ("adapter_name_or_path", "saves/a", "the real model"),
        ("resume_from_checkpoint", "saves/a/checkpoint-5", "the real model"),
        ("ref_model", "saves/sft", "the real model"),
        ("streaming", True, "max_samples"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_apply_is_switched_off_and_listed(key, value, why):
    settings, changes = cpu.switch_off({**BASE, key: value})
    assert [(one.kind, one.key, one.was) for one in changes] == [("off", key, value)]
    assert why in changes[0].why
    assert settings.get(key) != value
    assert settings["use_cpu"] is True


def test_nothing_is_taken_out_or_changed_without_a_word():
    values: dict[str, object] = {"boolean": True, "integer": 3, "number": 0.5, "string": "x", "array": ["x"]}
    unsaid = {}
    for key, rule in schema.load()["properties"].items():
        kinds = rule.get("type", "string")
        value = values[kinds if isinstance(kinds, str) and kinds in values else "string"]
        settings, changes = cpu.switch_off({key: value})
        if settings.get(key) != value and key not in {change.key for change in changes}:
            unsaid[key] = value
    assert unsaid == {}


def test_a_secret_is_not_shown():
    changes = cpu.switch_off({"hub_token": "hf_abc", "swanlab_api_key": "k", "swanlab_lark_secret": "s"})[1]
    assert {change.was for change in changes} == {"(hidden)"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("bf16", False),
        ("bf16", None),
        ("quantization_bit", None),
        ("flash_attn", "auto"),
        ("flash_attn", "sdpa"),
        ("flash_attn", "disabled"),
        ("optim", "adamw_torch"),
        ("report_to", "none"),
        ("report_to", []),
        ("deepspeed", None),
        ("packing", True),
        ("neat_packing", True),
        ("lora_target", "all"),
        ("use_rslora", True),
        ("gradient_checkpointing", True),
        ("plot_loss", True),
        ("early_stopping_steps", 3),
    ],
    ids=lambda value: str(value),
)
def test_what_applies_is_kept(key, value):
    settings, changes = cpu.switch_off({**BASE, key: value})
    assert changes == []
    assert settings == {**BASE, key: value, "use_cpu": True, "report_to": "none"}


def test_a_shipped_recipe_loses_nothing_but_what_needs_a_gpu():
    for recipe in list_shipped():
        changed = {change.key for change in cpu.switch_off(recipe.settings)[1]}
        assert changed <= {"bf16", "quantization_bit", "quantization_method", "double_quantization"} | {
            "quantization_type",
            "deepspeed",
            "flash_attn",
            "optim",
            "use_swanlab",
            "enable_liger_kernel",
            "ref_model",
            "adapter_name_or_path",
        }


def test_every_key_of_the_rules_is_one_of_the_trainers():
    keys = {key for rule in cpu._OFF for key in rule.keys}
    from_transformers_4 = {"logging_dir"}
    assert keys - set(schema.load()["properties"]) <= from_transformers_4


@pytest.mark.parametrize(
    ("given", "key", "now"),
    [
        ({"max_samples": 1000}, "max_samples", 64),
        ({"cutoff_len": 8192}, "cutoff_len", 2048),
        ({"per_device_train_batch_size": 8}, "per_device_train_batch_size", 1),
        ({"gradient_accumulation_steps": 16}, "gradient_accumulation_steps", 1),
        ({"val_size": 500}, "val_size", 8),
        ({"stage": "pt", "cutoff_len": 2048}, "cutoff_len", 128),
        ({"eval_strategy": "steps", "eval_steps": 500}, "eval_steps", 10),
        ({"save_steps": 0.1}, "save_steps", 10),
        ({"eval_delay": 100}, "eval_delay", 0),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_size_is_made_smaller_and_listed(given, key, now):
    settings, changes = cpu.shorten({**BASE, **given}, 10, 64, "out")
    assert [(one.kind, one.key, one.was, one.now) for one in changes] == [("short", key, given[key], now)]
    assert settings[key] == now


@pytest.mark.parametrize("given", [{"max_samples": 20}, {"cutoff_len": 512}, {"val_size": 0.1}], ids=str)
def test_a_small_size_stays(given):
    settings, changes = cpu.shorten({**BASE, **given}, 10, 64, "out")
    assert changes == []
    assert given.items() <= settings.items()


def test_the_run_is_short_and_writes_elsewhere():
    given = {"output_dir": "saves/mine", "num_train_epochs": 3, "preprocessing_num_workers": 16}
    settings, _ = cpu.shorten({**BASE, **given}, 7, 20, "elsewhere")
    assert (settings["output_dir"], settings["max_steps"], settings["max_samples"]) == ("elsewhere", 7, 20)
    assert (settings["preprocessing_num_workers"], settings["logging_steps"]) == (None, 1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"eval_strategy": "steps", "eval_steps": 500, "save_steps": 1000},
            {"eval_steps": 7, "save_steps": 7},
        ),
        (
            {"eval_strategy": "steps", "eval_steps": 0.1, "save_steps": 0.1},
            {"eval_steps": 7, "save_steps": 7},
        ),
        ({"eval_strategy": "epoch", "save_strategy": "epoch"}, {"eval_strategy": "epoch"}),
        ({"save_strategy": "no"}, {"save_strategy": "no"}),
    ],
    ids=["steps", "shares", "epochs", "never saved"],
)
def test_it_evaluates_and_saves_within_the_short_run(given, expected):
    settings, _ = cpu.shorten({**BASE, **given}, 7, 64, "out")
    assert expected.items() <= settings.items()
    assert ("eval_steps" in settings) == ("eval_steps" in expected)
