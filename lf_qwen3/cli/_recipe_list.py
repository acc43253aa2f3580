"""`lf-qwen3 recipe list` and `recipe show`: what there is, and one recipe or preset whole."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.recipes import Recipe
    from lf_qwen3.recipes.presets import Preset

_WIDTH = 100


@click.command("list")
@_output.json_option
def list_recipes(as_json: bool) -> None:
    """List methods, checkpoints, recipes and presets.

    A recipe's name is a checkpoint and a method, as qwen3-8b-qlora-sft; --json lists every one.
    """
    from lf_qwen3 import recipes
    from lf_qwen3.recipes import presets

    if as_json:
        every = [*recipes.list_shipped(), *recipes.list_derived(), *recipes.list_grpo()]
        rows = [
            {"name": preset.name, "group": preset.group, "summary": preset.summary}
            for preset in presets.list_presets()
        ]
        _output.print_json({"recipes": [_row(recipe) for recipe in every], "presets": rows})
        return
    for line in _lines([*recipes.list_shipped(), *recipes.list_grpo()], presets.list_presets()):
        click.echo(line)


@click.command()
@click.argument("name")
@_output.json_option
def show(name: str, as_json: bool) -> None:
    """Print the YAML of a recipe or a preset; --json prints its settings.

    \b
    lf-qwen3 recipe show qwen3-8b-qlora-sft > qwen3-8b-qlora-sft.yaml
    """  # noqa: D301
    from lf_qwen3 import recipes
    from lf_qwen3.recipes import presets

    preset = next((known for known in presets.list_presets() if known.name == name), None)
    if preset:
        _show_preset(preset, as_json)
        return
    recipe = recipes.find_recipe(name)
    if as_json:
        _output.print_json({**_row(recipe), "path": recipe.path, "settings": recipe.settings})
        return
    click.echo(recipe.text, nl=False)


def _show_preset(preset: Preset, as_json: bool) -> None:
    if not as_json:
        click.echo(preset.path.read_text("utf-8"), nl=False)
        return
    keys = ("name", "group", "summary", "path", "train", "generate", "environment", "launch", "files")
    _output.print_json({key: getattr(preset, key) for key in keys})


def _row(recipe: Recipe) -> dict[str, object]:
    """Return what the list says of a recipe; of a made one it is read from the tables, without making it."""
    from lf_qwen3.qwen3.checkpoints import kind_of

    checkpoint = recipe.checkpoint
    model = checkpoint.id if checkpoint else str(recipe.settings.get("model_name_or_path"))
    kind = kind_of(model)
    summary = recipe.file_summary
    return {
        "name": recipe.name,
        "method": recipe.method,
        "model": model,
        "template": kind.template if kind else None,
        "summary": f"{checkpoint.name}. {summary}" if checkpoint else summary,
    }


def _lines(files: list[Recipe], presets: list[Preset]) -> Iterator[str]:
    methods = [recipe for recipe in files if recipe.is_method]
    yield "A name is CHECKPOINT-METHOD: qwen3-4b-lora-sft, qwen3-8b-qlora-sft, qwen3-1.7b-full-sft, ..."
    yield ""
    yield from _section("methods", [(recipe.name, recipe.summary) for recipe in methods])
    yield from _section("checkpoints", list(_checkpoints()))
    others = [(recipe.name, recipe.summary) for recipe in files if not recipe.is_method]
    yield from _section("other recipes", others)
    yield from _section("presets (recipe new --preset NAME), one of a group", list(_groups(presets)))
    yield "show one: lf-qwen3 recipe show NAME     for your data: lf-qwen3 recipe new NAME --dataset ..."


def _checkpoints() -> Iterator[tuple[str, str]]:
    """Yield each kind of checkpoint with the names of its sizes."""
    from lf_qwen3.qwen3.architecture import CHECKPOINTS
    from lf_qwen3.qwen3.checkpoints import KINDS, kind_of

    for kind in reversed(KINDS):
        names = [known.name.lower() for known in CHECKPOINTS if kind_of(known.id) is kind]
        yield f"{kind.name} ({kind.template})", ", ".join(names)


def _groups(presets: list[Preset]) -> Iterator[tuple[str, str]]:
    for group in dict.fromkeys(preset.group for preset in presets):
        yield group, ", ".join(preset.name for preset in presets if preset.group == group)


def _section(title: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    """Yield a heading and its rows in two columns, the second one broken at the width of a window."""
    yield click.style(title, bold=True)
    width = max((len(name) for name, _ in rows), default=0) + 2
    for name, text in rows:
        broken = textwrap.wrap(text, _WIDTH - width - 2, break_on_hyphens=False)
        for at, line in enumerate(broken or [""]):
            yield f"  {name if at == 0 else '':<{width}}{line}"
    yield ""
