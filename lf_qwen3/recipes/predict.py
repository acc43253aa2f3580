"""The predict YAML that belongs to a train YAML: what both hold is taken from there, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lf_qwen3.recipes.document import line

# What Qwen recommends on its model cards ("Best Practices"). The trainer's own defaults are 0.95, 0.7 and 50.
SAMPLING = {
    "thinking": {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
    "non-thinking": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
}

SHARED = {
    "model": (
        *("model_name_or_path", "finetuning_type", "model_revision", "cache_dir", "trust_remote_code"),
        *("flash_attn", "rope_scaling", "quantization_method", "quantization_bit", "quantization_type"),
        *("double_quantization", "bf16", "fp16", "pure_bf16", "use_cpu"),
    ),
    "data": (
        *("dataset_dir", "media_dir", "template", "enable_thinking", "preserve_thinking", "default_system"),
        *("tool_format", "cutoff_len", "max_samples", "overwrite_cache", "preprocessing_num_workers"),
    ),
    "output": ("report_to", "seed", "ddp_timeout"),
}

BOTH = (
    "per_device_eval_batch_size",
)  # validation and generation each have their own, unless it is set by hand

_COMMENTS = {
    "model_name_or_path": "the model to load",
    "adapter_name_or_path": "the LoRA that train.yaml wrote; without this line the base model answers",
    "stage": "predicting needs sft",
    "do_predict": "read the rows of eval_dataset, write an answer to each",
    "predict_with_generate": "generate the answers, then score BLEU-4 and ROUGE",
    "eval_dataset": "the rows to answer",
    "cutoff_len": "tokens of question and reference answer together",
    "output_dir": "generated_predictions.jsonl and predict_results.json",
    "per_device_eval_batch_size": "answers written at a time; lower it when memory runs out",
    "do_sample": "Qwen: greedy decoding while thinking may repeat itself without end",
    "temperature": "Qwen's value for this mode",
    "top_p": "Qwen's value for this mode",
    "top_k": "Qwen's value for this mode",
    "max_new_tokens": "thinking and answer together; Qwen gives most tasks up to 32768",
}
_COLUMN = 44


def settings(
    train: Mapping[str, Any], rows: str, output_dir: str, mode: str, own: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the settings of predict.yaml, by section.

    `rows` is the dataset to answer, `mode` a key of `SAMPLING`; `own` holds settings that only predicting has
    and that win over the ones here. A LoRA is loaded as adapter, anything else as the model that was written.
    """
    shared = {title: {key: train[key] for key in keys if key in train} for title, keys in SHARED.items()}
    trained = str(train["output_dir"])
    lora = train.get("finetuning_type", "lora") == "lora"
    base = shared["model"].pop("model_name_or_path")
    weights = {"model_name_or_path": base, "adapter_name_or_path": trained}
    weights = weights if lora else {"model_name_or_path": trained}
    return {
        "model": weights | shared["model"],
        "method": {"stage": "sft", "do_predict": True, "predict_with_generate": True},
        "data": {"eval_dataset": rows} | shared["data"],
        "generation": {"per_device_eval_batch_size": 8, "do_sample": True, **SAMPLING[mode]}
        | {"max_new_tokens": 2048}
        | dict(own),
        "output": {"output_dir": output_dir} | shared["output"],
    }


def text(header: list[str], sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the file: its opening comment, then each section with its settings and their comments."""
    blocks = ["\n".join(header)]
    for title, found in sections.items():
        blocks.append("\n".join([f"### {title}", *(_commented(key, value) for key, value in found.items())]))
    return "\n\n".join(blocks) + "\n"


def _commented(key: str, value: Any) -> str:
    comment = _COMMENTS.get(key)
    return f"{line(key, value):<{_COLUMN - 1}} # {comment}" if comment else line(key, value)
