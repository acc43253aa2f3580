"""What a training YAML says of itself: its method and its summary."""

from __future__ import annotations

from typing import Any

from lf_qwen3.recipes.document import YamlDocument


def read_summary(document: YamlDocument) -> str:
    """Return the first line of an opening comment that is for the reader, not for the editor."""
    lines = (line.lstrip("# ").rstrip() for line in document.header)
    return next((line for line in lines if line and not line.startswith("yaml-language-server")), "")


def name_method(settings: dict[str, Any]) -> str:
    """Return method and stage of a training YAML, as `lora sft` or `qlora dpo`, defaults included."""
    kind, stage = settings.get("finetuning_type", "lora"), settings.get("stage", "sft")
    if stage == "dpo" and settings.get("pref_loss") in ("orpo", "simpo"):
        stage = settings["pref_loss"]
    if kind != "lora":
        return f"{kind} {stage}"
    before = "q" if settings.get("quantization_bit") else "rs" if settings.get("use_rslora") else ""
    return f"{before}{'dora' if settings.get('use_dora') else kind} {stage}"
