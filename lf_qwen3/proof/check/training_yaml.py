"""Read a training YAML, and check it against its data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.proof.check.rules.training.model import describe_scale, scale_of
from lf_qwen3.proof.check.rules.training.training_setup import TrainingSetup
from lf_qwen3.proof.check.runner import CheckRunner
from lf_qwen3.trainer import yaml_reader


@dataclass(frozen=True, slots=True)
class TrainingYaml:
    """A training YAML: its path, its settings and the lines (from 1) of their keys."""

    path: Path
    settings: dict[str, Any]
    lines: dict[str, int]

    def line_of(self, key: str) -> int | None:
        """Return the line of a key, None where it is not set."""
        return self.lines.get(key)

    @property
    def trained(self) -> list[str]:
        """Return the names of the datasets to train on."""
        return TrainingSetup(self.settings).names("dataset")

    @property
    def held_out(self) -> list[str]:
        """Return the names of the datasets to evaluate on."""
        return TrainingSetup(self.settings).names("eval_dataset")


def read_config(path: Path) -> TrainingYaml:
    """Read a YAML as the trainer does.

    Raises `UsageError` when it is not there, `LfQwen3Error` when it cannot be parsed, holds no settings, or
    has a key twice.
    """
    reading = yaml_reader.read(path)
    if reading.is_list:
        hint = "it must hold lines like `cutoff_len: 2048`"
        raise LfQwen3Error(f"{path} holds no settings", hint, code="no_settings")
    for key, line in reading.repeated:
        hint = "the trainer stops at a key that stands twice: take one of the lines out"
        raise LfQwen3Error(f"{path}:{line}: duplicate key {key}", hint, code="repeated_key")
    return TrainingYaml(path, reading.settings, reading.lines)


def check_training(yaml: TrainingYaml, setup: TrainingSetup, runner: CheckRunner) -> dict[str, Any]:
    """Run the checks over a YAML; return its figures for the summary."""
    runner.run(setup, str(yaml.path), line_of=yaml.line_of)
    scale = scale_of(setup) if setup.trains and setup.is_lora else None
    if scale is None:
        return {}
    return {"lora_scale": round(scale, 4), "lora": describe_scale(setup)}
