"""The arguments of LLaMA Board's Train tab that correspond to a train.yaml: element id -> value.

The board's "Load arguments" takes a flat YAML, partial or whole, and loads nothing at all when one id is
unknown to it (webui/runner.py, load_args). Text boxes hold text, and a slider refuses a value beyond its
ends; what no element can show goes into `train.extra_args`, JSON that the board merges into its arguments
(Runner._parse_train_args). `top.model_name` is left out: choosing a model makes the board set path and
template again, so it would undo the two that are loaded here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.document import format_setting
from lf_qwen3.trainer import schema

FOLDER = "llamaboard_config"

STAGES = {
    "sft": "Supervised Fine-Tuning",
    "rm": "Reward Modeling",
    "ppo": "PPO",
    "dpo": "DPO",
    "kto": "KTO",
    "pt": "Pre-Training",
}

TEXTS = {
    "learning_rate": "train.learning_rate",
    "num_train_epochs": "train.num_train_epochs",
    "max_grad_norm": "train.max_grad_norm",
    "max_samples": "train.max_samples",
    "dataset_dir": "train.dataset_dir",
    "lora_target": "train.lora_target",
    "additional_target": "train.additional_target",
    "swanlab_project": "train.swanlab_project",
    "swanlab_run_name": "train.swanlab_run_name",
    "swanlab_workspace": "train.swanlab_workspace",
    "model_name_or_path": "top.model_path",
}

SLIDERS = {
    "cutoff_len": ("train.cutoff_len", 4, 131072),
    "per_device_train_batch_size": ("train.batch_size", 1, 1024),
    "gradient_accumulation_steps": ("train.gradient_accumulation_steps", 1, 1024),
    "logging_steps": ("train.logging_steps", 1, 1000),
    "save_steps": ("train.save_steps", 10, 5000),
    "warmup_steps": ("train.warmup_steps", 0, 5000),
    "lora_rank": ("train.lora_rank", 1, 1024),
    "lora_alpha": ("train.lora_alpha", 1, 2048),
}
"""Key -> element id and the ends of its slider, in whole steps (webui/components/train.py)."""

FINE_SLIDERS = {
    "val_size": ("train.val_size", 0, 1),
    "neftune_noise_alpha": ("train.neftune_alpha", 0, 10),
    "lora_dropout": ("train.lora_dropout", 0, 1),
    "loraplus_lr_ratio": ("train.loraplus_lr_ratio", 0, 64),
    "pref_beta": ("train.pref_beta", 0, 1),
    "pref_ftx": ("train.pref_ftx", 0, 10),
}
"""The same for sliders that take fractions."""

BOXES = {
    key: f"train.{key}"
    for key in (
        *("packing", "neat_packing", "train_on_prompt", "mask_history", "resize_vocab", "enable_thinking"),
        *("create_new_adapter", "use_rslora", "use_dora", "use_swanlab", "use_llama_pro"),
    )
}

CHOICES = {
    "finetuning_type": "top.finetuning_type",
    "template": "top.template",
    "quantization_method": "top.quantization_method",
    "rope_scaling": "top.rope_scaling",
    "lr_scheduler_type": "train.lr_scheduler_type",
    "report_to": "train.report_to",
    "pref_loss": "train.pref_loss",
    "swanlab_mode": "train.swanlab_mode",
}

FIELDS = TEXTS | BOXES | CHOICES | {key: slider[0] for key, slider in (SLIDERS | FINE_SLIDERS).items()}
"""Key -> the element that shows it, of whatever kind."""

BOOSTERS = {
    ("flash_attn", "fa2"): "flashattn2",
    ("enable_liger_kernel", True): "liger_kernel",
    ("use_unsloth", True): "unsloth",
}
"""Key and value -> the booster that sets them; the board has one at a time."""

_OFF = {
    "top.booster": "auto",
    "train.ds_stage": "none",
    "train.ds_offload": False,
    "top.checkpoint_path": [],
}
"""Elements without a key that would change the run if they were left as they are."""

_DEFAULTED = (
    *SLIDERS,
    *FINE_SLIDERS,
    *BOXES,
    "max_grad_norm",
    "additional_target",
    "lora_target",
    "max_samples",
)
_NOT_DEFAULTED = ("pref_beta", "pref_ftx", "save_steps", "logging_steps")
_OWN = ("stage", "do_train", "output_dir", "overwrite_output_dir", "dataset", "bf16", "fp16", "pure_bf16")
"""Keys that have an element of another kind, or that the board decides by itself."""


REPLACED = ("pref_beta", "reward_model")
"""Keys whose elements the board reads whatever `train.extra_args` says (webui/runner.py)."""


def file_name(choice: RecipeChoice) -> str:
    """Return the file's name below --out; it names recipe and dataset, for the board has one folder."""
    return f"{FOLDER}/{choice.recipe}-{choice.dataset}.yaml"


def build_arguments(train: Mapping[str, Any], has_ends: bool = True) -> dict[str, Any]:
    """Return element id -> value for a training YAML; what it leaves to the trainer is set to the default.

    Without `has_ends` a slider takes any number: filling it moves its ends.
    """
    arguments: dict[str, Any] = {
        "top.quantization_bit": "none",
        "top.rope_scaling": "none",
        "train.training_stage": STAGES[train.get("stage", "sft")],
        "train.dataset": str(train["dataset"]).split(","),
        "train.compute_type": _compute_type(train),
        **_OFF,
    }
    extra: dict[str, Any] = {}
    packed = {"packing": train.get("stage") == "pt"}
    for key, value in (_defaults() | packed | dict(train)).items():
        if key in _OWN or key == "swanlab_api_key":
            continue
        shown = show_setting(key, value, has_ends)
        is_taken = "top.booster" in shown and arguments["top.booster"] != "auto"
        if shown and not is_taken:
            arguments |= shown
        else:
            extra[key] = value
    return arguments | {"train.extra_args": json.dumps(extra, ensure_ascii=False)}


def render_arguments(train: Mapping[str, Any], choice: RecipeChoice) -> str:
    """Return the file, with what to do with it above."""
    name = file_name(choice)
    header = [
        f"# The Train tab of LLaMA Board as train.yaml of {choice.out} has it.",
        f"# Copy it into {FOLDER}/ of the folder that the board is started in. Choose a model name there,",
        f"# any Qwen3 or Custom, then {name.partition('/')[2]} as config path, and press Load arguments.",
    ]
    if train.get("stage", "sft") != "sft":
        header.append(
            "# Press it twice: the first press changes the stage, and the board then clears the dataset."
        )
    if replaced := list_replaced(train):
        header.append(
            f"# The board has no field for {', '.join(replaced)} and uses its own default: "
            "start train.yaml instead."
        )
    return (
        "\n".join(
            [*header, "", *(format_setting(key, value) for key, value in build_arguments(train).items())]
        )
        + "\n"
    )


def list_replaced(train: Mapping[str, Any], has_ends: bool = True) -> list[str]:
    """Return the settings that the board puts its own in the place of."""
    return [
        f"{key}: {train[key]}"
        for key in REPLACED
        if key in train and not show_setting(key, train[key], has_ends)
    ]


def _defaults() -> dict[str, Any]:
    known = schema.load()["properties"]
    return {key: known[key].get("default") for key in _DEFAULTED if key not in _NOT_DEFAULTED}


def show_setting(key: str, value: Any, has_ends: bool = True) -> dict[str, Any]:
    """Return the element that shows a setting, {} where none can."""
    if key == "quantization_bit":
        return {"top.quantization_bit": "none" if value is None else str(value)}
    if isinstance(value, str | bool) and (key, value) in BOOSTERS:
        return {"top.booster": BOOSTERS[key, value]}
    if key in TEXTS and (value is not None or key == "additional_target"):
        return {TEXTS[key]: _written(value)}
    if key in BOXES and (isinstance(value, bool) or key == "packing"):
        return {BOXES[key]: bool(value)}
    if key in CHOICES and isinstance(value, str):
        return {CHOICES[key]: value}
    return _slid(key, value, has_ends)


def _slid(key: str, value: Any, has_ends: bool) -> dict[str, Any]:
    element, least, most = (SLIDERS | FINE_SLIDERS).get(key, ("", 0, 0))
    if element and value is None:
        return {element: least}
    is_number = isinstance(value, int | float) and (key in FINE_SLIDERS or value == int(value))
    is_within = is_number and (least <= value <= most or not has_ends)
    return {element: value} if element and is_within else {}


def _written(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)


def _compute_type(train: Mapping[str, Any]) -> str:
    kinds = ("pure_bf16", "bf16", "fp16")
    return next((kind for kind in kinds if train.get(kind)), "fp32")
