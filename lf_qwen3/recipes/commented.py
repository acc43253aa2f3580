"""Write a YAML from its sections, with what each key means beside it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from lf_qwen3.recipes.document import format_setting
from lf_qwen3.trainer import schema

Sections = Mapping[str, Mapping[str, Any]]

COMMENTS = {
    "model_name_or_path": "the model to load",
    "adapter_name_or_path": "what train.yaml trained, loaded on top of the model",
    "finetuning_type": "as in train.yaml: how the weights are loaded",
    "quantization_method": "quantised while the model is loaded",
    "quantization_bit": "as in training: the adapter was fitted to the quantised model",
    "quantization_type": "type of the 4-bit numbers",
    "double_quantization": "the scales are quantised too",
    "bf16": "as in training",
    "use_cpu": "as in training",
    "stage": "predicting needs stage sft",
    "do_predict": "read the rows of eval_dataset, generate an answer to each",
    "predict_with_generate": "generate answers, then score BLEU-4 and ROUGE",
    "template": "chat template, the same in all files",
    "enable_thinking": "null keeps each row as it is; false turns thinking off",
    "eval_dataset": "the rows to answer",
    "dataset_dir": "the folder that holds dataset_info.json",
    "preprocessing_num_workers": "processes that tokenise",
    "max_samples": "at most so many rows; null takes all",
    "cutoff_len": "tokens of question and reference answer, not truncated",
    "output_dir": "generated_predictions.jsonl and predict_results.json",
    "report_to": "as in training",
    "ddp_timeout": "seconds the other GPUs wait while the first tokenises",
    "per_device_eval_batch_size": "rows per batch: as many as fit on the GPU at full length",
    "do_sample": "Qwen: greedy decoding of thinking may repeat without end",
    "temperature": "Qwen's value for this mode",
    "top_p": "Qwen's value for this mode",
    "top_k": "Qwen's value for this mode",
    "max_new_tokens": "thinking and answer; Qwen recommends 32768; score counts truncated answers",
    "infer_backend": "vllm and sglang are faster and have to be installed",
    "infer_dtype": "16 bits a weight",
    "export_dir": "the whole model, for vLLM, SGLang, Ollama, llama.cpp or transformers",
    "export_size": "gigabytes per file at most",
    "export_device": "cpu merges in main memory, auto on the GPU",
    "export_legacy_format": "false writes safetensors",
}
_COLUMN = 44


def format_yaml(header: list[str], sections: Sections, comments: Mapping[str, str] | None = None) -> str:
    """Return the file: its opening comment, then each section that holds something.

    `comments` are those of this file, in place of the usual ones; an empty one leaves the key without.
    """
    every = COMMENTS | dict(comments or {})
    blocks = ["\n".join(header)]
    for title, settings in sections.items():
        if settings:
            lines = [_commented(key, value, every) for key, value in settings.items()]
            blocks.append("\n".join([f"### {title}", *lines]))
    return "\n\n".join(blocks) + "\n"


def flatten(sections: Sections) -> dict[str, Any]:
    """Return the settings of all sections as one mapping."""
    return {key: value for section in sections.values() for key, value in section.items()}


def format_opening(what: str, *commands: str) -> list[str]:
    """Return the first lines of a YAML: the editor's schema, what it is, and the commands that run it."""
    lines = [f"# yaml-language-server: $schema={schema.path().resolve().as_uri()}", "#", f"# {what}"]
    return [*lines, "#", *(f"#   {command}" for command in commands)] if commands else lines


def format_command(stage: str, path: object) -> str:
    """Return the command that gives a file to the trainer."""
    return f"llamafactory-cli {stage} {shlex.quote(str(path))}"


def _commented(key: str, value: Any, comments: Mapping[str, str]) -> str:
    comment = comments.get(key)
    return (
        f"{format_setting(key, value):<{_COLUMN - 1}} # {comment}" if comment else format_setting(key, value)
    )
