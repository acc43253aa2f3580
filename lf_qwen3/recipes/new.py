"""`recipe new`: one choice of recipe, data and model becomes a train and a predict YAML that agree."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3 import schema
from lf_qwen3.errors import LfQwen3Error, UsageError
from lf_qwen3.recipes import Recipe, adapt, find, method, predict, splits
from lf_qwen3.recipes.choice import Choice
from lf_qwen3.recipes.document import Document
from lf_qwen3.recipes.splits import Splits

_PREDICT = ("# Model, template, thinking and lengths are those of train.yaml.", "#")


@dataclass(frozen=True)
class Plan:
    """The texts of both files, what they hold, and what the user should know about them (`notes`)."""

    choice: Choice
    splits: Splits
    train: dict[str, Any]
    predict: dict[str, Any]
    texts: dict[Path, str]
    notes: list[str]

    @property
    def commands(self) -> list[str]:
        """The commands to run, in their order."""
        return [f"llamafactory-cli train {shlex.quote(str(path))}" for path in self.texts]


def plan(choice: Choice) -> Plan:
    """Work both files out; nothing is written.

    Raises `UsageError` for an unknown recipe or dataset, and for a setting that the trainer would not take.
    """
    recipe, found = find(choice.recipe), splits.find(choice.dataset, choice.dataset_dir)
    document = Document(recipe.text, str(recipe.path))
    generating = {key for key in choice.settings if _only_predicts(key, document)}
    settings = {key: value for key, value in choice.settings.items() if key not in generating}
    own = {key: value for key, value in choice.settings.items() if key in {*generating, *predict.BOTH}}
    notes: list[str] = []
    if kind := settings.get("finetuning_type"):
        document.set("finetuning_type", kind)
    adapt.to_model(document, choice.model or settings.get("model_name_or_path"), notes)
    adapt.to_data(document, found, choice, notes)
    adapt.to_settings(document, settings, notes)
    train = document.plain()
    rows = adapt.rows_to_predict(found, notes)
    mode = "non-thinking" if adapt.never_thinks(document, found) else "thinking"
    sections = predict.settings(train, rows, os.path.join(choice.out, "predict"), mode, own)
    plain = {key: value for section in sections.values() for key, value in section.items()}
    paths = [Path(choice.out) / name for name in ("train.yaml", "predict.yaml")]
    schema.check(train, str(paths[0]))
    schema.check(plain, str(paths[1]))
    document.header = _header(recipe, choice, train, found.train, paths)
    opening = [
        *_first_lines(f"Predict on {rows} with what train.yaml wrote."),
        *_PREDICT,
        *_commands(paths[1:]),
    ]
    texts = {paths[0]: document.text(), paths[1]: predict.text(opening, sections)}
    return Plan(choice, found, train, plain, texts, notes)


def write(made: Plan, replace: bool = False) -> None:
    """Write both files, whole or not at all; create their folder.

    Raises `UsageError` for an `out` that is a file, `LfQwen3Error` before anything is written if a file there
    holds something else and `replace` is not given.
    """
    out = Path(made.choice.out)
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file", "give a folder; it is created when it is not there")
    changed = [path for path, text in made.texts.items() if path.exists() and path.read_text("utf-8") != text]
    if changed and not replace:
        names = " and ".join(str(path) for path in changed)
        raise LfQwen3Error(f"{names}: there already, with other content", "add --replace to write over it")
    out.mkdir(parents=True, exist_ok=True)
    for path, text in made.texts.items():
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _only_predicts(key: str, document: Document) -> bool:
    """Tell whether a setting is about generating answers, which training does not do."""
    return schema.group(key) == "GeneratingArguments" and key not in document.settings


def _header(
    recipe: Recipe, choice: Choice, train: dict[str, Any], dataset: str, paths: list[Path]
) -> list[str]:
    """Return the opening comment of train.yaml; what the recipe needs is said for its own model only."""
    what = f"{train['model_name_or_path']}, {method(train)}, on {dataset}."
    header = [*_first_lines(what), f"# Made from the recipe {recipe.name} by `lf-qwen3 recipe new`."]
    header += ["#", "# Train, then predict, from the folder this was written from:", *_commands(paths)]
    same = ("model_name_or_path", "finetuning_type", "quantization_bit")
    if all(train.get(key) == recipe.settings.get(key) for key in same):
        header += ["#", *_needs(recipe)]
    return header


def _first_lines(what: str) -> list[str]:
    return [f"# yaml-language-server: $schema={schema.path().resolve().as_uri()}", "#", f"# {what}"]


def _commands(paths: list[Path]) -> list[str]:
    return [f"#   llamafactory-cli train {shlex.quote(str(path))}" for path in paths]


def _needs(recipe: Recipe) -> list[str]:
    """Return the paragraph of the recipe's opening comment that says what it needs."""
    header = recipe.document.header
    start = next((at for at, one in enumerate(header) if one.startswith("# Needs")), len(header))
    end = next((at for at in range(start, len(header)) if header[at].rstrip() == "#"), len(header))
    return header[start:end]
