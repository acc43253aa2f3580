"""What all files of a set have in common, taken from the training YAML in this one place.

The files that predict, serve and export are built from `SharedSettings` and add only their own keys: model,
adapter, template, thinking, lengths and sampling cannot differ between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.recipes import answer_room
from lf_qwen3.recipes.presets import Preset, find_preset

Mode = Literal["thinking", "non-thinking"]

LOADING = (
    *("finetuning_type", "model_revision", "cache_dir", "trust_remote_code", "use_fast_tokenizer"),
    *("resize_vocab", "add_tokens", "add_special_tokens", "new_special_tokens_config", "init_special_tokens"),
    *("flash_attn", "rope_scaling"),
)
QUANTISED = ("quantization_method", "quantization_bit", "quantization_type", "double_quantization")
PRECISION = ("bf16", "fp16", "pure_bf16", "use_cpu")
TEMPLATE = ("template", "enable_thinking", "preserve_thinking", "default_system", "tool_format", "cutoff_len")
READING = ("dataset_dir", "media_dir", "max_samples", "overwrite_cache", "preprocessing_num_workers")
RUNNING = ("report_to", "seed", "ddp_timeout")
BATCH = "per_device_eval_batch_size"
"""Validation and generation each have their own, unless it is set by hand."""
NEW_TOKENS = answer_room.PLAIN


@dataclass(frozen=True)
class SharedSettings:
    """Settings by what they are about; `base` and `tuned` say which weights are loaded, before and after.

    `answering` holds the trainer's own generation keys, `label_len` the tokens that are read of question and
    label. `train` is the training YAML they were taken from, `mode` whether the model is asked to think.
    """

    train: Mapping[str, Any]
    mode: Mode
    base: dict[str, Any]
    tuned: dict[str, Any]
    loading: dict[str, Any]
    quantised: dict[str, Any]
    template: dict[str, Any]
    answering: dict[str, Any]
    label_len: int

    def pick(self, keys: Sequence[str]) -> dict[str, Any]:
        """Return these keys of the training YAML, as far as it has them."""
        return _pick(self.train, keys)

    @property
    def answers(self) -> bool:
        """Return whether what is trained writes answers; a reward model gives marks."""
        return self.train.get("stage") != "rm"

    @property
    def serving(self) -> dict[str, Any]:
        """The template keys of a chat, where no record says whether to think: `mode` does."""
        kept = {key: value for key, value in self.template.items() if key != "cutoff_len"}
        return kept | ({"enable_thinking": self.mode == "thinking"} if "enable_thinking" in kept else {})


def share_settings(
    train: Mapping[str, Any], mode: Mode, chosen: Sequence[Preset] = (), own: Mapping[str, Any] | None = None
) -> SharedSettings:
    """Return what a training YAML shares with the other files.

    The sampling is Qwen's for `mode`, then what presets in `chosen` say, then `own`. A preset that switches
    thinking off does so in every file that generates.
    """
    answering = dict(find_preset(mode).generate)
    for preset in chosen:
        answering |= preset.generate
    answering |= dict(own or {})
    room = answer_room.plan_room(train, mode == "thinking", answering.get("max_new_tokens"))
    answering = {"max_new_tokens": room.new_tokens, BATCH: room.batch} | answering
    template = _pick(train, TEMPLATE)
    if "enable_thinking" in template and any(preset.name == "non-thinking" for preset in chosen):
        template["enable_thinking"] = False
    return SharedSettings(
        train,
        mode,
        _base(train),
        _tuned(train),
        _pick(train, LOADING),
        _pick(train, QUANTISED),
        template,
        answering,
        room.cutoff_len,
    )


def choose_mode(train: Mapping[str, Any], chosen: Sequence[Preset], thinking_records: int | None) -> Mode:
    """Return how the model is to answer: as a sampling preset says, or as it was trained to.

    `thinking_records` counts the records that think, None where that is not known.
    """
    for preset in chosen:
        if preset.name in ("thinking", "non-thinking"):
            return "thinking" if preset.name == "thinking" else "non-thinking"
    off = train.get("template") == "qwen3_nothink" or train.get("enable_thinking", True) is False
    return "non-thinking" if off or thinking_records == 0 else "thinking"


def is_lora(train: Mapping[str, Any]) -> bool:
    """Return whether the training writes an adapter beside the model, and not a whole model."""
    return train.get("finetuning_type", "lora") in ("lora", "oft")


def splits_tied(train: Mapping[str, Any]) -> bool:
    """Return whether a LoRA trains embeddings that the model ties, and so makes two matrices of one.

    A model of which nothing is known counts as one that ties.
    """
    targets = {*_listed(train.get("additional_target"))} & {"embed_tokens", "lm_head"}
    model = str(train.get("model_name_or_path", ""))
    return bool(targets) and is_lora(train) and checkpoints.is_tied(model) is not False


def _base(train: Mapping[str, Any]) -> dict[str, Any]:
    return _pick(train, ("model_name_or_path", "adapter_name_or_path"))


def _tuned(train: Mapping[str, Any]) -> dict[str, Any]:
    """Return the weights that the training writes.

    A training that starts from adapters merges all but the last and continues with the last, whose new
    weights are the output; with create_new_adapter it merges all (model/adapter.py).
    """
    trained = str(train["output_dir"])
    if not is_lora(train):
        return {"model_name_or_path": trained}
    before = _listed(train.get("adapter_name_or_path"))
    kept = before if train.get("create_new_adapter") else before[:-1]
    return {
        "model_name_or_path": train["model_name_or_path"],
        "adapter_name_or_path": ",".join([*kept, trained]),
    }


def _listed(value: Any) -> list[str]:
    names = value.split(",") if isinstance(value, str) else value or []
    return [str(name).strip() for name in names]


def _pick(settings: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: settings[key] for key in keys if key in settings}
