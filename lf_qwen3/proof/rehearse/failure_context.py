"""What is known where the trainer stopped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lf_qwen3.proof.rehearse.data import RehearsalDataset

_LOADING = re.compile(r"Loading dataset (.+?)\.\.\.")


@dataclass(frozen=True, slots=True)
class FailureContext:
    """What the trainer was given (`settings`, the line of each key, the datasets) and what it said."""

    settings: Mapping[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)
    datasets: list[RehearsalDataset] = field(default_factory=list)
    registered: tuple[str, ...] = ()
    log: str = ""

    @property
    def loading(self) -> RehearsalDataset | None:
        """Return the dataset that was loaded last, None where the log does not say."""
        files = _LOADING.findall(self.log)
        return next((dataset for dataset in self.datasets if files and dataset.file == files[-1]), None)

    @property
    def traceback(self) -> str:
        """Return the log from its last traceback on."""
        return self.log[self.log.rfind("Traceback (most recent call last)") :]

    @property
    def folder(self) -> str:
        """Return the dataset_dir."""
        return str(self.settings.get("dataset_dir") or "data")
