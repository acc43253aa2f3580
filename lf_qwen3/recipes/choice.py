"""What the user chose for `recipe new`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class MergeFirst:
    """What is merged before the training: a model and the adapter beside it, into a folder.

    The folder ends with the model's name, so that everything after it knows which Qwen3 it is. `splits_tied`
    says whether two embeddings come out of one.
    """

    base: str
    adapter: str
    folder: str
    splits_tied: bool


@dataclass(frozen=True)
class RecipeChoice:
    """The choices for the files of a run; paths are written into the YAML unchanged.

    `dataset` is the name given to `convert --name`, or any registered name; `test` names the registered
    dataset to answer instead of the test split. A preset overrides the recipe, `settings` override both;
    `comments` say beside one of them why it has its value, otherwise it is commented as set by hand.
    `merge` follows from `model` and `settings`. `tokenizer` is a folder or hub id for the rows of another
    `trainer` than LLaMA-Factory, default the model's.
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
    comments: Mapping[str, str] = field(default_factory=dict)
