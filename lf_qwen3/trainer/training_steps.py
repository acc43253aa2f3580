"""The optimiser's steps of a training, reckoned from its settings and the number of its rows.

Sources: transformers Trainer.set_initial_training_values; llamafactory data/data_utils.py (split_dataset) and
hparams/parser.py (packing where the YAML says nothing).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any


def is_packed(settings: Mapping[str, Any]) -> bool:
    """Return whether the trainer fills rows of cutoff_len with records; in continued pre-training it does."""
    packing = settings.get("packing")
    return bool(
        settings.get("neat_packing") or (settings.get("stage") == "pt" if packing is None else packing)
    )


def count_held_out(settings: Mapping[str, Any], records: int) -> int:
    """Return how many records val_size holds out: a number of them, or a share below 1."""
    size = float(settings.get("val_size") or 0)
    return min(int(size) if size > 1 else ceil(size * records), records)


def count_steps(settings: Mapping[str, Any], rows: int, batch: int, gpus: int = 1) -> int:
    """Return the steps of the run; `rows` are records or packed rows, `batch` is that of one GPU.

    Raises `ValueError` or `TypeError` for settings that are no numbers.
    """
    if (most := int(settings.get("max_steps") or -1)) > 0:
        return most
    batches = ceil(ceil(rows / batch) / gpus)
    accumulated = int(settings.get("gradient_accumulation_steps") or 1)
    return ceil(float(settings.get("num_train_epochs") or 3.0) * max(ceil(batches / accumulated), 1))
