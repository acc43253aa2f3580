"""The splits of a dataset name in a dataset_dir: those registered, and how they were made."""

from __future__ import annotations

from dataclasses import dataclass

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import did_you_mean
from lf_qwen3.base.storage import path_of
from lf_qwen3.data import registry
from lf_qwen3.data.convert import manifest
from lf_qwen3.data.convert.manifest import Manifest
from lf_qwen3.data.registry.listing import count_rows, kind_of


@dataclass(frozen=True)
class Splits:
    """Registered dataset names: training, validation, test; and their conversion, if there is a manifest.

    `answerable` are all registered datasets of questions with one answer each, which predicting needs.
    `rows` counts the training rows, `val_rows` the validation rows; None if counting is too slow.
    """

    train: str
    val: str | None
    test: str | None
    conversion: Manifest | None
    answerable: frozenset[str] = frozenset()
    rows: int | None = None
    val_rows: int | None = None


def find_splits(dataset: str, dataset_dir: str) -> Splits:
    """Return the splits of a dataset, named as `convert --name` names it or as one registered name.

    Raises `UsageError` for a dataset that is not registered, with the nearest ones that are, `LfQwen3Error`
    for a broken dataset_info.json or manifest.
    """
    registered = registry.read_registry(dataset_dir)
    train = next((name for name in (f"{dataset}_train", dataset) if name in registered), None)
    if train is None:
        guess, names = did_you_mean(dataset, registered), ", ".join(sorted(registered)) or "none"
        raise UsageError(
            f"neither {dataset}_train nor {dataset} is registered in {dataset_dir}/dataset_info.json",
            f"{guess} registered: {names}; to register yours: lf-qwen3 convert SOURCE --name "
            f"{dataset} --dataset-dir {dataset_dir} --val 0.05 --test 0.05".strip(),
            code="dataset_not_registered",
        )
    stem = dataset.removesuffix("_train")
    val, test = (name if (name := f"{stem}_{split}") in registered else None for split in ("val", "test"))
    answerable = frozenset(name for name, entry in registered.items() if kind_of(entry) == "sft")
    rows, val_rows = (count_rows(dataset_dir, registered[name]) if name else None for name in (train, val))
    conversion = manifest.read(path_of(dataset_dir), stem)
    return Splits(train, val, test, conversion, answerable, rows, val_rows)


def choose_answered(splits: Splits, wanted: str) -> tuple[str | None, list[str]]:
    """Return the dataset to answer (`wanted`, the test split, or what there is) and notes for the user.

    None where nothing can be answered: pairs, feedback and plain text hold no single answer to a question.
    Raises `UsageError` for a `wanted` that cannot be answered.
    """
    if wanted:
        return _require_answerable(splits, wanted), []
    there = [name for name in (splits.test, splits.val, splits.train) if name]
    rows = next((name for name in there if name in splits.answerable), None)
    notes = []
    if rows is None:
        notes.append(
            f"{there[0]} has no answers to score (pairs, feedback or plain text), so "
            "predict_base.yaml and predict_tuned.yaml are not written; name a dataset of "
            "questions and answers with --test NAME"
        )
    elif rows == splits.val:
        notes.append(f"no test split is registered: the predict files use the validation split {splits.val}")
    elif rows == splits.train:
        notes.append(
            "neither a test nor a validation split is registered: the predict files use the "
            f"training rows {splits.train}, so their scores measure memorisation"
        )
    return rows, notes


def _require_answerable(splits: Splits, wanted: str) -> str:
    if wanted in splits.answerable:
        return wanted
    names = ", ".join(sorted(splits.answerable)) or "none"
    raise UsageError(
        f"--test {wanted} is not registered as questions with answers",
        f"{did_you_mean(wanted, splits.answerable)} registered: {names}".strip(),
        code="dataset_not_registered",
    )
