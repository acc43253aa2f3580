"""One recipe: a whole training YAML, as it is in the folder or made for a checkpoint from its method."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from lf_qwen3.qwen3.architecture import Checkpoint
from lf_qwen3.recipes.document import YamlDocument
from lf_qwen3.recipes.method import name_method, read_summary


@dataclass(frozen=True)
class Recipe:
    """One recipe; `path` is its file, or with a `checkpoint` the file of the method that it is made from."""

    name: str
    path: Path
    checkpoint: Checkpoint | None = None

    @cached_property
    def text(self) -> str:
        """The YAML whole, comments and all."""
        return self.document.text() if self.checkpoint else self.path.read_text("utf-8")

    @cached_property
    def document(self) -> YamlDocument:
        """The YAML, parsed with its comments; do not change it, parse `text` again for that."""
        if self.checkpoint is None:
            return YamlDocument(self.text, str(self.path))
        from lf_qwen3.recipes import derive

        return derive.derive_document(self.name, self.path.read_text("utf-8"), self.checkpoint)

    @property
    def settings(self) -> dict[str, Any]:
        """The keys and values that the trainer gets."""
        return self.document.plain()

    @property
    def summary(self) -> str:
        """The first sentence line of the opening comment."""
        return read_summary(self.document)

    @property
    def file_summary(self) -> str:
        """The first sentence line of the file, which says of a made recipe what its method is."""
        return read_summary(_of_file(self.path))

    @property
    def method(self) -> str:
        """How the weights are trained and in which stage, as `lora sft`."""
        return name_method(_of_file(self.path).plain())

    @property
    def is_grpo(self) -> bool:
        """Return whether this is for other trainers alone: LLaMA-Factory has no GRPO."""
        return self.method.endswith(" grpo")

    @property
    def is_method(self) -> bool:
        """Return whether this file is made for any checkpoint: its name is that of its method."""
        return self.checkpoint is None and self.name == self.method.replace(" ", "-")


@cache
def _of_file(path: Path) -> YamlDocument:
    return YamlDocument(path.read_text("utf-8"), str(path))
