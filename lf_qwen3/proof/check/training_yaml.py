"""Read a training YAML, and check it against its data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.proof.check.dataset_records import DatasetCounts
from lf_qwen3.proof.check.rules.training.model import describe_scale, scale_of
from lf_qwen3.proof.check.rules.training.training_setup import TrainingData, TrainingSetup
from lf_qwen3.proof.check.runner import CheckRunner
from lf_qwen3.recipes.document import YamlDocument


@dataclass(frozen=True, slots=True)
class TrainingYaml:
    """A training YAML: its path, its text and its settings."""

    path: Path
    text: str
    settings: dict[str, Any]

    def line_of(self, key: str) -> int | None:
        """Return the line of a key, None where it is not set."""
        match = re.search(rf"^{re.escape(key)}\s*:", self.text, re.MULTILINE) if key else None
        return self.text.count("\n", 0, match.start()) + 1 if match else None

    @property
    def trained(self) -> list[str]:
        """Return the names of the datasets to train on."""
        return TrainingSetup(self.settings).names("dataset")

    @property
    def held_out(self) -> list[str]:
        """Return the names of the datasets to evaluate on."""
        return TrainingSetup(self.settings).names("eval_dataset")


def read_config(path: Path) -> TrainingYaml:
    """Read a YAML. Raises `UsageError` when it is not there, `LfQwen3Error` when it cannot be parsed."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror}", "name a training YAML: --config FILE"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8", "name a training YAML: --config FILE") from error
    return TrainingYaml(path, text, YamlDocument(text, str(path)).plain())


def setup_of(yaml: TrainingYaml, datasets: dict[str, DatasetCounts], registered: list[str]) -> TrainingSetup:
    """Return what the checks of a YAML get: its settings, and the counts of its training datasets."""
    used = {name: datasets[name] for name in yaml.trained if name in datasets}
    data = TrainingData(
        thinking=sum(counts.thinking for counts in used.values()),
        plain=sum(counts.plain for counts in used.values()),
        several_turns=sum(counts.several_turns for counts in used.values()),
        orphans=sum(counts.orphans for counts in used.values()),
        kinds={name: counts.kind for name, counts in used.items()},
    )
    return TrainingSetup(yaml.settings, data, registered)


def check_training(yaml: TrainingYaml, setup: TrainingSetup, runner: CheckRunner) -> dict[str, Any]:
    """Run the checks over a YAML; return its figures for the summary."""
    runner.run(setup, str(yaml.path), line_of=yaml.line_of)
    scale = scale_of(setup) if setup.trains and setup.is_lora else None
    if scale is None:
        return {}
    return {"lora_scale": round(scale, 4), "lora": describe_scale(setup)}
