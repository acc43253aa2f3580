"""The predict YAML that belongs to a train YAML: what both hold is taken from there, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lf_qwen3.recipes import shared
from lf_qwen3.recipes.shared import Mode, SharedSettings

ROWS = "max_samples"


def build_predict(
    train: Mapping[str, Any], rows: str, output_dir: str, mode: Mode, own: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the settings that predict with what a training YAML wrote, by section.

    `rows` is the dataset to answer; `own` holds settings that only predicting has and that win over the ones
    here. A LoRA is loaded as adapter, anything else as the model that was written.
    """
    common = shared.share_settings(train, mode, own=own)
    return build_sections(common, common.tuned, rows, output_dir)


def build_sections(
    common: SharedSettings, weights: Mapping[str, Any], rows: str, output_dir: str
) -> dict[str, dict[str, Any]]:
    """Return the settings that predict with `common.base`, `common.tuned`, or another model."""
    answering = dict(common.answering)
    template = common.template | {"cutoff_len": common.label_len}
    limit = {ROWS: answering.pop(ROWS)} if ROWS in answering else {}
    return {
        "model": dict(weights) | common.loading | common.quantised | common.pick(shared.PRECISION),
        "method": {"stage": "sft", "do_predict": True, "predict_with_generate": True},
        "data": {"eval_dataset": rows} | common.pick(shared.READING) | template | limit,
        "generation": {shared.BATCH: answering.pop(shared.BATCH)} | answering,
        "output": {"output_dir": output_dir} | common.pick(shared.RUNNING),
    }
