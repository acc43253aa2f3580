"""Fit a recipe to few rows: steps enough to learn from, each of them logged, and no stop by noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lf_qwen3.recipes.document import YamlDocument
from lf_qwen3.recipes.splits import Splits
from lf_qwen3.trainer.training_steps import count_steps

FEW, WANTED = 100, 50
"""Steps below which a run is fitted, and the steps that it is to have then."""

LEAST = 4
"""Records of a step: fewer make its gradient noise."""

ONE_PROCESS = 10_000
"""Rows up to which one process tokenises. For each of several, `datasets.map` pickles Qwen's tokenizer, one
after the other: with 8 processes the trainer's process needed 30 CPU seconds for that, one process 14 for
10,000 records of 240 tokens. With 700 tokens a record both take as long."""

_ACCUMULATION = "gradient_accumulation_steps"
_VALIDATING = ("eval_steps", "save_steps")
_COMMENTS = {
    "logging_steps": "every step: there are few",
    "eval_steps": "below 1 a share of all steps: five validations in so short a run",
}


def fit_to_steps(document: YamlDocument, splits: Splits, own: Mapping[str, Any]) -> list[str]:
    """Fit accumulation, logging, validation and early stopping to a short run; return the notes.

    What the user set (`own`) stays. Steps are those of one GPU; where rows are packed they are others, and
    such a run is left as it is.
    """
    settings = document.plain()
    packs = settings.get("stage") == "pt" or settings.get("packing")
    if splits.rows is None or packs or "max_steps" in own:
        return []
    rows = min(splits.rows, int(settings.get("max_samples") or splits.rows))
    rows = rows - int(rows * float(settings.get("val_size") or 0))
    batch = int(settings["per_device_train_batch_size"])
    if not rows or count_steps(settings, rows, batch) >= FEW:
        return []
    records = max(LEAST, int(rows * settings["num_train_epochs"] / WANTED))
    accumulation = max(1, min(int(settings[_ACCUMULATION]), records // batch))
    changes: dict[str, float] = {_ACCUMULATION: accumulation, "logging_steps": 1}
    if not own.keys() & set(_VALIDATING):
        changes |= dict.fromkeys(_VALIDATING, 0.2)
    for key in changes.keys() & settings.keys() - own.keys():
        document.set(key, changes[key], comment=_COMMENTS.get(key, ""))
    stops = "early_stopping_steps" in settings and "early_stopping_steps" not in own
    if stops:
        document.remove("early_stopping_steps")
        if "num_train_epochs" not in own:
            document.set("num_train_epochs", settings["num_train_epochs"], comment="passes over the rows")
    return [_describe(document.plain(), rows, splits.val_rows, stops)]


def fit_processes(document: YamlDocument, splits: Splits, own: Mapping[str, Any]) -> None:
    """Let one process tokenise a small set; the sets that the user named (`own`) may be of any size."""
    settings = document.plain()
    key = "preprocessing_num_workers"
    rows = min(splits.rows or 0, int(settings.get("max_samples") or splits.rows or 0))
    if not 0 < rows <= ONE_PROCESS or own.keys() & {key, "dataset", "eval_dataset"}:
        return
    if int(settings.get(key) or 1) > 1:
        document.set(key, 1, comment="one process: each other one would load the tokenizer first")


def _describe(settings: Mapping[str, Any], rows: int, val_rows: int | None, stops: bool) -> str:
    batch = int(settings["per_device_train_batch_size"])
    steps, records = count_steps(settings, rows, batch), batch * int(settings[_ACCUMULATION])
    text = f"{rows} rows make {steps} steps of {records} records: every step is logged"
    few = f": {val_rows} validation rows are too few, chance would stop it" if val_rows else ""
    return text + (f", and early stopping is off{few}" if stops else "")
