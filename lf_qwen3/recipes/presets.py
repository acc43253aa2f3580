"""Presets: small overlays on a recipe, one YAML file each, found by dropping them into a folder of presets.

A preset opens with a comment: one sentence that says what it is, then what is worth knowing. Its sections say
what it changes: `train` the training YAML, `generate` every YAML that writes answers, `environment` and
`launch` how the training is started, `files` what is copied beside the YAML, `excludes` what it does not go
with (contradictions.py). The folder it is in is its group, and of one group one preset is taken.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from lf_qwen3.base import assets
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.nearest import did_you_mean
from lf_qwen3.recipes.document import YamlDocument

_STARTED_BY = {"FORCE_TORCHRUN", "USE_RAY"}
SECTIONS = ("train", "generate", "environment", "launch", "files", "excludes")


@dataclass(frozen=True)
class Preset:
    """One preset; `name` is the file's name without `.yaml`, `group` the name of its folder.

    `launch` takes the place of `llamafactory-cli train` where it is not empty. `files` are in the recipes
    folder and are in `train` and `launch` as `recipes/...`; `placed` lets them point elsewhere.
    `comments` holds what is beside a key, `about` the opening comment after its first sentence.
    """

    name: str
    group: str
    summary: str
    path: Path
    train: dict[str, Any] = field(default_factory=dict)
    generate: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    launch: str = ""
    files: tuple[Path, ...] = ()
    comments: dict[str, str] = field(default_factory=dict)
    about: str = ""
    excludes: tuple[dict[str, Any], ...] = ()

    def placed(self, folder: str) -> Preset:
        """Return the preset with its files taken from `folder`, where they are under their own names."""
        at = {_named(file): f"{folder.rstrip('/')}/{file.name}" for file in self.files}
        launch = " ".join(shlex.quote(at[word]) if word in at else word for word in self.launch.split())
        train = {
            key: at.get(value, value) if isinstance(value, str) else value
            for key, value in self.train.items()
        }
        return replace(self, train=train, launch=launch)


def list_presets() -> list[Preset]:
    """Return the presets in the recipes folder, by group and name."""
    return list(_read().values())


def find_preset(name: str) -> Preset:
    """Return one preset by its name; raise `UsageError` with the nearest names for an unknown one."""
    known = _read()
    if name in known:
        return known[name]
    hint = f"{did_you_mean(name, known)} there are: {', '.join(known)}".strip()
    raise UsageError(f"there is no preset '{name}'", hint, code="unknown_preset")


def choose_presets(names: Iterable[str]) -> list[Preset]:
    """Return the presets of these names; raise `UsageError` for two that exclude each other."""
    chosen = [find_preset(name) for name in dict.fromkeys(names)]
    for first, second in combinations(chosen, 2):
        if first.group == second.group:
            same = ", ".join(known.name for known in list_presets() if known.group == first.group)
            raise UsageError(
                f"the presets {first.name} and {second.name} exclude each other (both are of "
                f"the group {first.group})",
                f"use one of: {same}",
                code="presets_exclude",
            )
    launching, environment = _launching(chosen), _environment(chosen)
    if launching and _STARTED_BY & environment.keys():
        starting = next(known.name for known in chosen if _STARTED_BY & known.environment.keys())
        raise UsageError(
            f"{launching.name} is started by accelerate, {starting} is not",
            "use a ds-... preset with it, or set num_machines and machine_rank in the accelerate file",
            code="presets_exclude",
        )
    return chosen


def launch_command(chosen: Iterable[Preset], yaml: str) -> str:
    """Return the line that starts the training of `yaml` with these presets, environment and all."""
    listed = list(chosen)
    launching = _launching(listed)
    start = launching.launch if launching else "llamafactory-cli train"
    words = [f"{key}={shlex.quote(value)}" for key, value in _environment(listed).items()]
    return " ".join([*words, start, shlex.quote(yaml)])


def _launching(chosen: Iterable[Preset]) -> Preset | None:
    return next((preset for preset in chosen if preset.launch), None)


def _environment(chosen: Iterable[Preset]) -> dict[str, str]:
    """Return all variables; Ray starts its workers by itself, so torchrun must not be asked for as well."""
    variables = {key: value for preset in chosen for key, value in preset.environment.items()}
    if "USE_RAY" in variables:
        variables.pop("FORCE_TORCHRUN", None)
    return variables


@cache
def _read() -> dict[str, Preset]:
    paths = sorted((assets.folder("recipes") / "presets").glob("*/*.yaml"))
    return {path.stem: read_preset(path) for path in paths}


def read_preset(path: Path) -> Preset:
    """Return the preset that a file holds; raise `LfQwen3Error` for one that is none."""
    document = YamlDocument(path.read_text("utf-8"), str(path))
    sections = document.plain()
    if strange := [key for key in sections if key not in SECTIONS]:
        raise LfQwen3Error(
            f"{path}: unknown section {strange[0]}",
            f"known sections: {', '.join(SECTIONS)}",
            code="unknown_section",
        )
    lines = [line.removeprefix("#").strip() for line in document.header]
    return Preset(
        name=path.stem,
        group=path.parent.name,
        summary=lines[0] if lines else "",
        path=path,
        train=sections.get("train", {}),
        generate=sections.get("generate", {}),
        environment={key: str(value) for key, value in sections.get("environment", {}).items()},
        launch=sections.get("launch", ""),
        files=tuple(_file(path, name) for name in sections.get("files", ())),
        comments=_comments(document.settings),
        about="\n".join(lines[1:]).strip(),
        excludes=tuple(sections.get("excludes", ())),
    )


def _file(path: Path, name: str) -> Path:
    """Return a file that a preset names as `recipes/...`, in the recipes folder that the preset is in."""
    file = path.parents[2] / Path(name).relative_to("recipes")
    if not file.is_file():
        raise LfQwen3Error(f"{path}: {name} is missing", code="file_missing")
    return file


def _named(file: Path) -> str:
    return f"recipes/{file.parent.name}/{file.name}"


def _comments(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the comments at the ends of the lines below every section, by key."""
    comments: dict[str, str] = {}
    for section in settings.values():
        kept = section.ca.items if isinstance(section, dict) else {}  # type: ignore[attr-defined]
        for key, tokens in kept.items():
            first = tokens[2].value.partition("\n")[0] if tokens[2] else ""
            if text := first.strip().removeprefix("#").strip():
                comments[str(key)] = text
    return comments
