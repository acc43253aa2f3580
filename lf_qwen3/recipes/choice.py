"""What the user chose for `recipe new`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RecipeChoice:
    """What the set of files is to hold; paths stand in the YAML as they are given here.

    `dataset` is the name given to `convert --name`, or any registered name; `test` names the registered
    dataset to answer where that is not the test split. A preset wins over the recipe, `settings` over all.
    """

    recipe: str
    dataset: str
    dataset_dir: str
    out: str
    model: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    presets: tuple[str, ...] = ()
    test: str = ""
    gguf: bool = False
