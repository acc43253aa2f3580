"""What LLaMA-Factory's parsers refuse under train alone.

Sources: TrainingArguments of transformers 5.6, get_train_args in hparams/parser.py of LLaMA-Factory 0.9.5.
A test runs every rule through them.
"""

from __future__ import annotations

from typing import Any

from lf_qwen3.trainer.settings.exclusions import Exclusion, SettingsView

_BOTH_STEPS = (
    "set save_strategy to eval_strategy, and save_steps to a multiple of eval_steps; "
    "simplest: the same value for both"
)
_SFT_ONLY = "remove it, or set stage: sft"
_ZERO_2 = "remove deepspeed, or name a ZeRO-2 file"
_TAKE_ONE = "remove one of them"


def _is_broken(steps: Any) -> bool:
    return bool(steps is not None and steps > 1 and steps != int(steps))


def _odd_steps(key: str, strategy: str) -> Exclusion:
    says = f"--{key} must be an integer if bigger than 1: {{{key}}}"
    return Exclusion(
        says, key, "write a whole number", lambda s: s[strategy] == "steps" and _is_broken(s[key])
    )


def _best_is_unsaved(s: SettingsView, *, whole: bool) -> bool:
    """Return whether save_steps is not a multiple of eval_steps, as transformers computes it.

    `whole` asks for steps that are both counted, otherwise one is a share of the run, or both are.
    """
    if not s["load_best_model_at_end"] or s["save_strategy"] != "steps" or s["eval_strategy"] != "steps":
        return False
    save, every = s["save_steps"], s["eval_steps"] or s["logging_steps"]
    if (save >= 1 and every >= 1) != whole or save % every == 0:
        return False
    return whole or save >= 1 or every >= 1 or (save * 1_000_000) % (every * 1_000_000) != 0


def _has_no_rows(s: SettingsView) -> bool:
    asks = s["do_eval"] or s["do_predict"] or s["predict_with_generate"] or s.evaluates
    return bool(asks and s["eval_dataset"] is None and s["val_size"] < 1e-6)


def _logs_elsewhere(s: SettingsView) -> bool:
    reports = s["report_to"] if isinstance(s["report_to"], list) else [s["report_to"]]
    allowed = {None, "none", "wandb", "tensorboard", "trackio"}
    return bool(s["stage"] == "ppo" and not allowed.issuperset(reports))


def _layers(key: str, name: str) -> Exclusion:
    says = f"Distributed training does not support layer-wise {name}."
    return Exclusion(
        says,
        f"{key}_layerwise",
        "remove it",
        lambda s: s["deepspeed"] and s[f"use_{key}"] and s[f"{key}_layerwise"],
    )


# fmt: off
TRAINING: tuple[Exclusion, ...] = (
    Exclusion("requires either non-zero --eval_steps or --logging_steps", "eval_steps logging_steps",
        "set eval_steps: 100, or a share of the run such as 0.1",
        lambda s: s["eval_strategy"] == "steps" and not s["eval_steps"] and s["logging_steps"] <= 0),
    Exclusion("requires non-zero --logging_steps", "logging_steps",
        'set logging_steps: 10, or logging_strategy: "no"',
        lambda s: s["logging_strategy"] == "steps" and s["logging_steps"] == 0),
    Exclusion("`torch_empty_cache_steps` must be an integer bigger than 0, got {torch_empty_cache_steps}.",
        "torch_empty_cache_steps", "remove it, or set 1 or more",
        lambda s: s["torch_empty_cache_steps"] is not None and s["torch_empty_cache_steps"] < 1),
    *(_odd_steps(f"{what}_steps", f"{what}_strategy") for what in ("logging", "eval", "save")),
    Exclusion("--load_best_model_at_end requires the save and eval strategy to match",
        "save_strategy load_best_model_at_end", _BOTH_STEPS,
        lambda s: s["load_best_model_at_end"] and s["save_strategy"] not in ("best", s["eval_strategy"]),
        check="best_not_saved"),
    Exclusion(
        "--load_best_model_at_end requires the saving steps to be a round multiple of the evaluation steps",
        "save_steps eval_steps", _BOTH_STEPS, lambda s: _best_is_unsaved(s, whole=True),
        check="best_not_saved"),
    Exclusion("--load_best_model_at_end requires the saving steps to be a multiple of the evaluation steps",
        "save_steps eval_steps", _BOTH_STEPS, lambda s: _best_is_unsaved(s, whole=False),
        check="best_not_saved"),
    Exclusion("At most one of fp16 and bf16 can be True, but not both", "fp16",
        "keep bf16, which Qwen3 was trained in", lambda s: s["fp16"] and s["bf16"]),
    Exclusion("At most one of fp16 and bf16 can be True for full eval, but not both", "fp16_full_eval",
        "keep bf16_full_eval", lambda s: s["fp16_full_eval"] and s["bf16_full_eval"]),
    Exclusion("lr_scheduler_type {lr_scheduler_type} requires an eval strategy", "lr_scheduler_type",
        "set eval_strategy: steps and validation data, or lr_scheduler_type: cosine",
        lambda s: s["lr_scheduler_type"] in ("reduce_lr_on_plateau", "greedy") and not s.evaluates),
    Exclusion("warmup_steps must be an integer or a float", "warmup_steps warmup_ratio",
        "set a number of 0 or more",
        lambda s: (s["warmup_steps"] if s["warmup_ratio"] is None else s["warmup_ratio"]) < 0),
    Exclusion("--dataloader_prefetch_factor can only be set when data is loaded in a different process",
        "dataloader_prefetch_factor", "remove it, or set dataloader_num_workers",
        lambda s: s["dataloader_prefetch_factor"] is not None and s["dataloader_num_workers"] == 0),
    Exclusion("`--fsdp offload` can't work on its own.", "fsdp", "set fsdp: full_shard offload",
        lambda s: s["fsdp"] in ("offload", ["offload"])),
    Exclusion("`--fsdp full_shard` is not compatible with `--fsdp shard_grad_op`.", "fsdp",
        "keep one of them",
        lambda s: {"full_shard", "shard_grad_op"} <= set(str(s["fsdp"] or "").replace("'", " ").split())),
    Exclusion("`predict_with_generate` cannot be set as True except SFT.", "predict_with_generate", _SFT_ONLY,
        lambda s: s["stage"] != "sft" and s["predict_with_generate"]),
    Exclusion("`neat_packing` cannot be set as True except SFT.", "neat_packing", _SFT_ONLY,
        lambda s: s["stage"] != "sft" and s["neat_packing"]),
    Exclusion("`train_on_prompt` or `mask_history` cannot be set as True except SFT.",
        "train_on_prompt mask_history", _SFT_ONLY,
        lambda s: s["stage"] != "sft" and (s["train_on_prompt"] or s["mask_history"])),
    Exclusion("Please enable `predict_with_generate` to save model predictions.", "do_predict",
        "set predict_with_generate: true",
        lambda s: s["stage"] == "sft" and s["do_predict"] and not s["predict_with_generate"]),
    Exclusion("RM and PPO stages do not support `load_best_model_at_end`.", "load_best_model_at_end",
        "remove it", lambda s: s["stage"] in ("rm", "ppo") and s["load_best_model_at_end"]),
    Exclusion("PPO training does not support evaluation, use the SFT stage to evaluate models.", "stage",
        "set do_train: true, or stage: sft", lambda s: s["stage"] == "ppo" and not s["do_train"]),
    Exclusion("PPO training is incompatible with S^2-Attn.", "shift_attn", "remove it",
        lambda s: s["stage"] == "ppo" and s["shift_attn"]),
    Exclusion("KTransformers does not support lora reward model.", "reward_model_type",
        "set reward_model_type: full, or remove use_kt",
        lambda s: s["stage"] == "ppo" and s["reward_model_type"] == "lora" and s["use_kt"]),
    Exclusion("Unsloth does not support lora reward model.", "reward_model_type",
        "set reward_model_type: full, or remove use_unsloth",
        lambda s: s["stage"] == "ppo" and s["reward_model_type"] == "lora" and s["use_unsloth"]),
    Exclusion("PPO only accepts wandb, tensorboard, or trackio logger.", "report_to",
        "set report_to: none, or one of these", _logs_elsewhere),
    Exclusion("Please specify `max_steps` in streaming mode.", "streaming",
        "set max_steps: rows / (batch size x accumulation x GPUs) for each epoch",
        lambda s: s["streaming"] and s["max_steps"] == -1),
    Exclusion("Please specify dataset for training.", "dataset do_train",
        "name a registered dataset: dataset: NAME", lambda s: s["do_train"] and s["dataset"] is None),
    Exclusion("Please make sure eval_dataset be provided or val_size >1e-6",
        "do_eval do_predict predict_with_generate eval_strategy", "set eval_dataset, or val_size",
        _has_no_rows, check="nothing_to_evaluate"),
    Exclusion("`predict_with_generate` is incompatible with DeepSpeed ZeRO-3.", "predict_with_generate",
        _ZERO_2,
        lambda s: s["predict_with_generate"] and s.zero == 3),
    Exclusion("Cannot use `predict_with_generate` and `compute_accuracy` together.", "compute_accuracy",
        _TAKE_ONE, lambda s: s["predict_with_generate"] and s["compute_accuracy"]),
    Exclusion("Cannot use device map for quantized models in training.", "quantization_device_map",
        "remove it",
        lambda s: s["do_train"] and s["quantization_device_map"] == "auto"),
    Exclusion("Please use scripts/pissa_init.py to initialize PiSSA in DeepSpeed ZeRO-3.", "pissa_init",
        _ZERO_2,
        lambda s: s["pissa_init"] and s.zero == 3),
    Exclusion("`pure_bf16` is incompatible with DeepSpeed ZeRO-3.", "pure_bf16",
        "set bf16: true instead of pure_bf16", lambda s: s["pure_bf16"] and s.zero == 3),
    _layers("galore", "GaLore"),
    _layers("apollo", "APOLLO"),
    Exclusion("Radio-based BAdam does not yet support distributed training, use layer-wise BAdam.",
        "badam_mode",
        "set badam_mode: layer",
        lambda s: s["deepspeed"] and s["use_badam"] and s["badam_mode"] == "ratio"),
    Exclusion("Layer-wise BAdam only supports DeepSpeed ZeRO-3 training.", "use_badam",
        "name a ZeRO-3 file for deepspeed",
        lambda s: s["deepspeed"] and s["use_badam"] and s["badam_mode"] != "ratio" and s.zero != 3),
    Exclusion("GaLore and APOLLO are incompatible with DeepSpeed yet.", "use_galore use_apollo",
        "remove deepspeed, or the optimizer",
        lambda s: s["deepspeed"] is not None and (s["use_galore"] or s["use_apollo"])),
    Exclusion("FP8 training is not compatible with quantization. Please disable one of them.", "fp8",
        _TAKE_ONE,
        lambda s: s["fp8"] and s["quantization_bit"] is not None),
    Exclusion("vLLM/SGLang backend is only available for API, CLI and Web.", "infer_backend",
        "remove it; it belongs in the YAML of chat or api",
        lambda s: s["infer_backend"] != "huggingface"),
    Exclusion("Unsloth is incompatible with DeepSpeed ZeRO-3.", "use_unsloth", _ZERO_2,
        lambda s: s["use_unsloth"] and s.zero == 3),
    Exclusion("KTransformers is incompatible with DeepSpeed ZeRO-3.", "use_kt", _ZERO_2,
        lambda s: s["use_kt"] and s.zero == 3),
    Exclusion("`--project` must be specified when using Trackio.", "report_to", "set project to a name",
        lambda s: not s["project"] and "trackio" in (s["report_to"] or ())),
)
