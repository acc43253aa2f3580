"""Read a training YAML, and check it against its data."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.proof.check.rules.registered import Fault, checks_for
from lf_qwen3.proof.check.rules.training.model import describe_scale, scale_of
from lf_qwen3.proof.check.rules.training.training_setup import TrainingSetup
from lf_qwen3.proof.check.runner import CheckRunner
from lf_qwen3.recipes.trainers.judge import describe_judgement, judge_trainer_settings
from lf_qwen3.recipes.trainers.trainer import TrainerKeys
from lf_qwen3.trainer import yaml_reader
from lf_qwen3.trainer.ask import TrainerQuestion
from lf_qwen3.trainer.settings import kinds
from lf_qwen3.trainer.settings.answered import add_answer
from lf_qwen3.trainer.settings.judge import judge_file
from lf_qwen3.trainer.yaml_reader import YamlReading

if TYPE_CHECKING:
    from lf_qwen3.proof.check.report import CheckReport


@dataclass(frozen=True, slots=True)
class TrainingYaml:
    """A training YAML: its path, its settings and the lines (from 1) of their keys."""

    reading: YamlReading

    @property
    def path(self) -> Path:
        """Return its path."""
        return self.reading.path

    @property
    def settings(self) -> dict[str, Any]:
        """Return its settings by key."""
        return self.reading.settings

    def line_of(self, key: str) -> int | None:
        """Return the line of a key, or of the section that has it; None where it is not set."""
        return self.reading.line_of(key)

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

    Raises `UsageError` when it does not exist, `LfQwen3Error` when it cannot be parsed, holds no settings, or
    has a key twice.
    """
    reading = yaml_reader.read(path)
    if reading.is_list:
        hint = "write lines like `cutoff_len: 2048`"
        raise LfQwen3Error(f"{path} holds no settings", hint, code="no_settings")
    for key, line in reading.repeated:
        hint = "the trainer stops at a duplicate key: remove one of the lines"
        raise LfQwen3Error(f"{path}:{line}: duplicate key {key}", hint, code="repeated_key")
    return TrainingYaml(reading)


def check_other_trainer(yaml: TrainingYaml, trainer: TrainerKeys, report: CheckReport) -> None:
    """Judge keys and values of another trainer's config; no data are read."""
    check = next(known for known in checks_for(TrainingSetup) if known.code == "yaml_key")
    for fault in judge_trainer_settings(yaml.reading, trainer):
        line = fault.line or yaml.line_of(fault.key)
        report.collected.add(check, Fault(fault.message, fault.key, fault.cure), str(yaml.path), line)
    report.notes.append(describe_judgement(trainer))


def ask_trainer(yaml: TrainingYaml, dataset_dir: Path | str | None) -> TrainerQuestion:
    """Start to ask the installed trainer about a YAML, over another dataset_dir where one is given."""
    dialect = kinds.detect_dialect(yaml.reading)
    overrides = () if dataset_dir is None else (f"dataset_dir={os.path.abspath(dataset_dir)}",)
    return TrainerQuestion(yaml.path, dialect, kinds.detect_command(yaml.reading), overrides)


def check_training(
    yaml: TrainingYaml,
    setup: TrainingSetup,
    runner: CheckRunner,
    report: CheckReport,
    asked: TrainerQuestion | None,
) -> None:
    """Run the checks over a YAML, with what the trainer answers; put its figures into the report."""
    faults = judge_file(yaml.reading)
    if asked:
        answer = asked.wait()
        faults = add_answer(faults, answer, yaml.settings)
        report.notes += answer.notes
        report.training["trainer"] = {
            key: getattr(answer, key) for key in ("is_asked", "refusal", "stood_in", "seconds")
        }
    runner.run(replace(setup, judged=faults), str(yaml.path), line_of=yaml.line_of)
    scale = scale_of(setup) if setup.trains and setup.is_lora else None
    if scale is not None:
        report.training |= {"lora_scale": round(scale, 4), "lora": describe_scale(setup)}
