"""The YAML files for `llamafactory-cli chat`, `api` and `export`.

Those commands take no training arguments: a bf16, seed or output_dir in them is refused (hparams/parser.py,
_INFER_ARGS).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lf_qwen3.recipes.shared import SharedSettings
from lf_qwen3.trainer import schema

SERVING = ("infer_backend", "vllm_", "sglang_", "offload_folder", "use_kv_cache")
BOTH = ("infer_dtype",)
EXPORTING = ("export_",)

_STAGE: dict[bool, dict[str, Any]] = {True: {}, False: {"stage": "rm"}}
"""What a reward model is loaded with, so that its value head comes along (train/tuner.py, api/app.py)."""

CHAT_COMMENTS = {
    "stage": "a reward model: scores at /v1/score/evaluation, no answers",
    "enable_thinking": "true turns thinking on; false and null turn it off",
    "max_new_tokens": "thinking and answer together",
}
EXPORT_COMMENTS = {
    "stage": "the value head is loaded too",
    "model_name_or_path": "not quantised: no adapter can be merged into a quantised model",
    "cutoff_len": "as in training; has an effect with rope_scaling only",
}


def find_target(key: str) -> str:
    """Return the file a key of `--set` is for: "serve", "export", "both", or "" for the trainer's files."""
    kinds = (("both", BOTH), ("serve", SERVING), ("export", EXPORTING))
    return next((kind for kind, starts in kinds if key.startswith(starts)), "")


def build_chat(common: SharedSettings, own: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the settings of chat.yaml, which are those of api.yaml too; `own` are the user's."""
    dtype = {key: common.answering[key] for key in BOTH if key in common.answering}
    loading = {"infer_backend": "huggingface"} | dtype | _for("serve", own)
    quantised = common.quantised if loading["infer_backend"] == "huggingface" else {}
    generation = {
        key: value for key, value in common.answering.items() if schema.group(key) == "GeneratingArguments"
    }
    return {
        "model": {**common.tuned, **common.loading, **quantised, **loading},
        "conversation": common.serving | _STAGE[common.answers],
        "generation": generation if common.answers else {},
    }


def build_export(
    common: SharedSettings, export_dir: str, own: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the settings of export.yaml: an adapter merged into the model, 16 bits a weight.

    The quantisation of a QLoRA is left out, for the trainer merges nothing into a quantised model
    (train/tuner.py, export_model).
    """
    fixed = {"export_dir": export_dir, "export_size": 5, "export_device": "cpu"}
    dtype = common.answering.get("infer_dtype", "bfloat16")
    output = fixed | {"export_legacy_format": False, "infer_dtype": dtype} | _for("export", own)
    template = {key: value for key, value in common.template.items() if not key.endswith("_thinking")}
    return {
        "model": common.tuned | common.loading | _STAGE[common.answers],
        "template": template,
        "export": output,
    }


def _for(kind: str, own: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in own.items() if find_target(key) in (kind, "both")}
