"""What the user chose for `recipe new`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Choice:
    """What the two files are to hold; paths stand in the YAML as they are given here.

    `dataset` is the name given to `convert --name`, or any registered name; `settings` win over everything.
    """

    recipe: str
    dataset: str
    dataset_dir: str
    out: str
    model: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
