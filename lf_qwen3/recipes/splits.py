"""What a dataset name stands for in a dataset_dir: its registered splits, and how they were made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lf_qwen3 import dataset_info
from lf_qwen3.errors import UsageError


@dataclass(frozen=True)
class Made:
    """How `convert` made the records: how it treated several turns, and how many of them think."""

    turns: str
    thinking: int
    plain: int


@dataclass(frozen=True)
class Splits:
    """Registered dataset names: training, validation, test; and how they were made, where a manifest says."""

    train: str
    val: str | None
    test: str | None
    made: Made | None


def find(dataset: str, dataset_dir: str) -> Splits:
    """Return the splits of a dataset, named as `convert --name` names it or as one registered name.

    Raises `UsageError` for a dataset that is not registered, with the nearest ones that are, `LfQwen3Error`
    for a broken dataset_info.json.
    """
    registered = dataset_info.read(dataset_dir)
    train = next((name for name in (f"{dataset}_train", dataset) if name in registered), None)
    if train is None:
        near = get_close_matches(dataset, registered, n=1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"neither {dataset}_train nor {dataset} stands in {dataset_dir}/dataset_info.json",
            f"{guess}registered are: {', '.join(sorted(registered)) or 'none'}; to add one: "
            f"lf-qwen3 convert SOURCE --name {dataset} --dataset-dir {dataset_dir} --val 0.05 --test 0.05",
        )
    stem = dataset.removesuffix("_train")
    val, test = (name if (name := f"{stem}_{split}") in registered else None for split in ("val", "test"))
    return Splits(train, val, test, _made(Path(dataset_dir) / f"{stem}.manifest.json"))


def _made(path: Path) -> Made | None:
    try:
        manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
        options, counts = manifest["options"], manifest["counts"]
        return Made(str(options["turns"]), int(counts["thinking"]), int(counts["plain"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
