"""Find the settings that predictions were made with: the limit of new tokens and the tokenizer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.qwen3 import tokenizer_files as tokenizers
from lf_qwen3.trainer import yaml_reader

DEFAULT_MAX_NEW_TOKENS = 1024
"""What the trainer takes without the key (hparams/generating_args.py)."""


@dataclass(slots=True)
class Setting:
    """How predictions were made, as far as it is known; `notes` say what is not, and how to tell it."""

    config: Path | None = None
    max_new_tokens: int | None = None
    tokenizer: Path | None = None
    notes: list[str] = field(default_factory=list)


def find(
    predictions: Path, config: Path | None = None, tokenizer: str = "", max_new_tokens: int | None = None
) -> Setting:
    """Return the setting of a predictions file; what is given wins over what its predict YAML says.

    Without `config` the YAML is looked for in the file's folder and in the one above: the one whose
    output_dir has the folder's name. Raises `UsageError` for a config or a tokenizer that is given and is not
    there.
    """
    folder = predictions.resolve().parent
    path = config or _yaml_of(folder)
    settings = yaml_reader.read(path).settings if path else {}
    found = Setting(path, max_new_tokens or _limit(settings))
    found.tokenizer = tokenizers.find(tokenizer) if tokenizer else _tokenizer(settings, folder)
    if found.tokenizer is None:
        found.notes.append(
            "lengths are in characters; for tokens name a tokenizer: --tokenizer Qwen/Qwen3-4B"
        )
    if found.max_new_tokens is None:
        found.notes.append("the limit of the run is not known; name its YAML: --config predict.yaml")
    return found


def _yaml_of(folder: Path) -> Path | None:
    for place in (folder, folder.parent):
        for path in sorted([*place.glob("*.yaml"), *place.glob("*.yml")]):
            settings = _settings(path)
            is_own = Path(str(settings.get("output_dir") or ".")).name == folder.name
            if settings.get("do_predict") and is_own:
                return path
    return None


def _settings(path: Path) -> dict[str, Any]:
    try:
        return yaml_reader.read(path).settings
    except LfQwen3Error:
        return {}


def _limit(settings: dict[str, Any]) -> int | None:
    if not settings:
        return None
    limit = settings.get("max_new_tokens", DEFAULT_MAX_NEW_TOKENS)
    return limit if isinstance(limit, int) and limit > 0 else None


def _tokenizer(settings: dict[str, Any], folder: Path) -> Path | None:
    """Look for the model's tokenizer; a relative path also from the folder the trainer was started in."""
    model = str(settings.get("model_name_or_path") or "")
    output_dir = Path(str(settings.get("output_dir") or ""))
    places = [model]
    if folder.parts[-len(output_dir.parts) :] == output_dir.parts and not output_dir.is_absolute():
        places.append(str(folder.parents[len(output_dir.parts) - 1] / model))
    for place in places if model else []:
        with suppress(UsageError):
            return tokenizers.find(place)
    return None
