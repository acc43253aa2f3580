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


@dataclass(frozen=True, slots=True)
class PredictSetting:
    """The settings of the predictions, as far as known.

    `notes` list unknown settings and how to name them; `unreadable` names YAMLs that could not be read.
    """

    config: Path | None = None
    max_new_tokens: int | None = None
    tokenizer: Path | None = None
    notes: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def find_setting(
    predictions: Path, config: Path | None = None, tokenizer: str = "", max_new_tokens: int | None = None
) -> PredictSetting:
    """Return the setting of a predictions file; arguments win over its predict YAML.

    Without `config` the YAML is looked for in the file's folder and in the one above: the one whose
    output_dir has the folder's name. Raises `UsageError` for a config or a tokenizer that is given and is not
    there.
    """
    folder = predictions.resolve().parent
    notes: list[str] = []
    unreadable: list[str] = []
    if config is None:
        config, unreadable = _find_yaml(folder)
    settings = yaml_reader.read(config).settings if config else {}
    limit = max_new_tokens or _limit(settings)
    named = tokenizers.find(tokenizer) if tokenizer else _tokenizer(settings, folder)
    if named is None:
        notes.append("lengths are in characters; for tokens name a tokenizer: --tokenizer Qwen/Qwen3-4B")
    if limit is None:
        notes.append("max_new_tokens of the run is unknown; name its YAML: --config predict.yaml")
    return PredictSetting(config, limit, named, notes, unreadable)


def _find_yaml(folder: Path) -> tuple[Path | None, list[str]]:
    """Return the predict YAML that writes into `folder`, and without one a note for each unreadable YAML."""
    notes: list[str] = []
    for place in (folder, folder.parent):
        for path in sorted([*place.glob("*.yaml"), *place.glob("*.yml")]):
            try:
                settings = yaml_reader.read(path).settings
            except LfQwen3Error as error:
                notes.append(f"{path} cannot be read and was left out: {error.message}")
                continue
            is_own = Path(str(settings.get("output_dir") or ".")).name == folder.name
            if settings.get("do_predict") and is_own:
                return path, []
    return None, notes


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
