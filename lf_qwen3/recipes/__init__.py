"""Recipes: complete training YAML files, one file each, found by dropping them into the recipes folder.

A recipe opens with a comment block: the editor's schema line, one line that says what it is (`recipe list`
prints it), the commands to run it, and a paragraph that starts with "Needs". Its settings are flat, each with
its comment on its own line.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from lf_qwen3 import assets
from lf_qwen3.errors import UsageError
from lf_qwen3.recipes.document import Document


@dataclass(frozen=True)
class Recipe:
    """One recipe file; `name` is the file's name without `.yaml`."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        """The file as it lies."""
        return self.path.read_text("utf-8")

    @cached_property
    def document(self) -> Document:
        """The file, parsed with its comments; do not change it, parse `text` anew for that."""
        return Document(self.text, str(self.path))

    @property
    def settings(self) -> dict[str, Any]:
        """The keys and values that the trainer gets."""
        return self.document.plain()

    @property
    def summary(self) -> str:
        """The first sentence line of the opening comment."""
        lines = (line.lstrip("# ").rstrip() for line in self.document.header)
        return next((line for line in lines if line and not line.startswith("yaml-language-server")), "")

    @property
    def method(self) -> str:
        """How the weights are trained and in which stage, as `lora sft`."""
        return method(self.settings)


def method(settings: dict[str, Any]) -> str:
    """Return method and stage of a training YAML, as `lora sft` or `qlora dpo`, defaults included."""
    kind = settings.get("finetuning_type", "lora")
    quantised = "q" if kind == "lora" and settings.get("quantization_bit") else ""
    return f"{quantised}{kind} {settings.get('stage', 'sft')}"


def shipped() -> list[Recipe]:
    """Return the recipes in the recipes folder, by name."""
    return [Recipe(path.stem, path) for path in sorted(assets.folder("recipes").glob("*.yaml"))]


def find(name: str) -> Recipe:
    """Return one recipe by its name; raise `UsageError` with the nearest names for an unknown one."""
    recipes = {recipe.name: recipe for recipe in shipped()}
    if name in recipes:
        return recipes[name]
    near = get_close_matches(name, recipes, n=1)
    guess = f"did you mean {near[0]}? " if near else ""
    raise UsageError(f"no recipe is called '{name}'", f"{guess}there are: {', '.join(recipes)}")
