"""Recipes: complete training YAML files, one for each method, found by dropping them into the recipes folder.

A recipe opens with a comment block: the editor's schema line, one line that says what it is (`recipe list`
prints it), the commands to run it, and a paragraph that starts with "Needs". Its settings are flat, each
with its comment on its own line. A file that is named after its method (`qlora-sft`) is made for every
checkpoint of the table as well, under the checkpoint's name and its own: `qwen3-8b-qlora-sft`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

from lf_qwen3.base import assets
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import nearest
from lf_qwen3.qwen3.architecture import CHECKPOINTS, Checkpoint
from lf_qwen3.recipes.method import name_method
from lf_qwen3.recipes.recipe import Recipe

__all__ = ["Recipe", "find_recipe", "list_derived", "list_grpo", "list_shipped", "name_method"]


def list_shipped() -> list[Recipe]:
    """Return the recipes in the recipes folder, by name; each file is parsed once."""
    return [_recipe(path) for path in sorted(assets.folder("recipes").glob("*.yaml"))]


@cache
def _recipe(path: Path) -> Recipe:
    return Recipe(path.stem, path)


def list_derived() -> list[Recipe]:
    """Return every method for every checkpoint it is made for: by method, then in the order of the table."""
    return _derive(method for method in list_shipped() if method.is_method)


def list_grpo() -> list[Recipe]:
    """Return the methods that LLaMA-Factory has not, for `recipe new --trainer`."""
    return [_recipe(path) for path in sorted((assets.folder("recipes") / "grpo").glob("*.yaml"))]


def _derive(methods: Iterable[Recipe]) -> list[Recipe]:
    return [
        Recipe(f"{checkpoint.name.lower()}-{method.name}", method.path, checkpoint)
        for method in methods
        for checkpoint in CHECKPOINTS
        if _fits(method, checkpoint)
    ]


def find_recipe(name: str) -> Recipe:
    """Return one recipe by its name; raise `UsageError` with the nearest names for an unknown one."""
    files = [*list_shipped(), *list_grpo()]
    known = {recipe.name: recipe for recipe in files}
    if name not in known:
        known |= {recipe.name: recipe for recipe in [*list_derived(), *_derive(list_grpo())]}
    if recipe := known.get(name) or known.get(name.lower()):
        return recipe
    methods = ", ".join(file.name for file in files if file.is_method)
    others = ", ".join(file.name for file in files if not file.is_method)
    near = _complete(name, known)
    guess = f"did you mean {near}? " if near else ""
    raise UsageError(
        f"there is no recipe '{name}'",
        f"{guess}a name is CHECKPOINT-METHOD, such as qwen3-8b-lora-sft; methods: {methods}; "
        f"other recipes: {others}; list them all: lf-qwen3 recipe list",
        code="unknown_recipe",
    )


def _fits(recipe: Recipe, checkpoint: Checkpoint) -> bool:
    """Return whether a method fits a checkpoint: a high rank with 128 experts is no small LoRA."""
    return not (checkpoint.shape.experts and recipe.name.startswith("rslora"))


def _complete(name: str, known: Collection[str]) -> str | None:
    """Return the name that was likely meant: a beginning is completed, to a name for sft if there is one."""
    begun = [other for other in known if other.startswith(name.lower())]
    if begun:
        return next((other for other in begun if other.endswith("-sft")), begun[0])
    return nearest(name.lower(), known)
