"""What the user chose for `recipe new`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class MergeFirst:
    """What is merged before the training: a model and the adapter beside it, into a folder.

    The folder ends with the model's name, so that everything after it knows which Qwen3 it is. `splits_tied`
    tells whether two embeddings come out of one.
    """

    base: str
    adapter: str
    folder: str
    splits_tied: bool


@dataclass(frozen=True)
class RecipeChoice:
    """What the set of files is to hold; paths stand in the YAML as they are given here.

    `dataset` is the name given to `convert --name`, or any registered name; `test` names the registered
    dataset to answer where that is not the test split. A preset wins over the recipe, `settings` over all.
    `merge` is worked out from `model` and `settings`. `tokenizer` is a folder or hub id for the rows of
    another `trainer` than LLaMA-Factory, where it is not the model's.
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
    merge: MergeFirst | None = None
    trainer: str = "llamafactory"
    tokenizer: str = ""
