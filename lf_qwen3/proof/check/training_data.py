"""Gather what the checks of a training YAML want to know of its data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.proof.check.dataset_pass import DatasetPass
from lf_qwen3.proof.check.dataset_records import DatasetCounts
from lf_qwen3.proof.check.rules.registry.checked_entry import CheckedEntry
from lf_qwen3.proof.check.rules.training.training_setup import TrainingData
from lf_qwen3.proof.check.token_counter import TokenCounts
from lf_qwen3.proof.check.token_figures import count_packed_rows
from lf_qwen3.proof.check.training_yaml import TrainingYaml
from lf_qwen3.trainer.training_steps import count_held_out, count_steps, is_packed

_SUMS = ("thinking", "plain", "several_turns", "orphans", "lost_loops", "bare_histories")
_BATCH = 8  # per_device_train_batch_size of transformers


def gather_training_data(
    yaml: TrainingYaml, dataset_pass: DatasetPass, entries: Mapping[str, CheckedEntry]
) -> TrainingData:
    """Return what the datasets of a YAML hold; the sums are those of the training datasets that were read."""
    counted = dataset_pass.counts
    used = {name: counted[name] for name in yaml.trained if name in counted}
    tokens = dataset_pass.token_counts
    return TrainingData(
        **{key: sum(getattr(counts, key) for counts in used.values()) for key in _SUMS},
        kinds={name: counts.kind for name, counts in used.items()},
        rows={name: counts.records + counts.unusable for name, counts in counted.items()},
        files={name: _paths(dataset_pass.folder, entry) for name, entry in entries.items()},
        steps=_steps(yaml, used, entries, {name: tokens[name] for name in used if name in tokens}),
        labels=[size for name in yaml.held_out if name in tokens for size in tokens[name].labels],
    )


def _paths(folder: Path, entry: CheckedEntry) -> tuple[Path, ...]:
    return tuple((folder / name).resolve() for name in entry.files or ())


def _steps(
    yaml: TrainingYaml,
    used: Mapping[str, DatasetCounts],
    entries: Mapping[str, CheckedEntry],
    tokens: Mapping[str, TokenCounts],
) -> int | None:
    """Return the steps of the run on one GPU.

    None where rows come from elsewhere, are interleaved, or are packed and were not counted in tokens.
    """
    settings = yaml.settings
    try:
        if int(settings.get("max_steps") or -1) > 0:
            return count_steps(settings, 0, 1)
        is_whole = len(used) == len(yaml.trained) > 0 and not settings.get("streaming")
        if not is_whole or (len(used) > 1 and settings.get("mix_strategy", "concat") != "concat"):
            return None
        rows = [_taken(settings, entries[name].settings, counts.records) for name, counts in used.items()]
        left = sum(rows) - count_held_out(settings, sum(rows))
        if is_packed(settings):
            if len(tokens) < len(used):
                return None
            packed = sum(count_packed_rows(counts.kept, counts.cutoff_len) for counts in tokens.values())
            left = round(packed * left / sum(counts.records for counts in used.values()))
        return count_steps(settings, left, int(settings.get("per_device_train_batch_size") or _BATCH)) or None
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def _taken(settings: Mapping[str, Any], entry: Mapping[str, Any], records: int) -> int:
    """Return how many records of a dataset are trained on: num_samples draws them, max_samples cuts."""
    drawn = int(entry.get("num_samples") or records)
    return min(drawn, int(settings.get("max_samples") or drawn))
