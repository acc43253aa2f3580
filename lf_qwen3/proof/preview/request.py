"""The request: which rows of which dataset, with the options of which training YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import did_you_mean
from lf_qwen3.data import registry, sources
from lf_qwen3.trainer import yaml_reader
from lf_qwen3.trainer.records import DatasetEntry
from lf_qwen3.trainer.render import Template

DEFAULT = Template.named("qwen3", enable_thinking=None, mask_history=True)
"""What is taken without a training YAML: the settings of our recipes, and the trainer's cutoff_len."""

_ELSEWHERE = ("hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name")
_OPTIONS = (
    *("template", "enable_thinking", "mask_history", "preserve_thinking"),
    *("train_on_prompt", "cutoff_len", "default_system"),
)
_TRAINERS = "the trainer's default"


@dataclass(frozen=True)
class PreviewRequest:
    """What to show; `tokenizer` and `dataset_dir` may come from the training YAML `config`.

    `row` is one row by its number, counted from 1 through the dataset's files; else the first `count`.
    Raises `UsageError` for a `row` or a `count` below 1.
    """

    name: str
    dataset_dir: str | None = None
    tokenizer: str | None = None
    config: str | None = None
    count: int = 3
    row: int | None = None

    def __post_init__(self) -> None:
        for option, value in (("count", self.count), ("row", self.row)):
            if value is not None and value < 1:
                raise UsageError(f"{option} is {value}", "it has to be 1 or more", code="option_value")

    def dataset_dir_in(self, settings: Mapping[str, Any]) -> str:
        """Return the dataset folder, asked for or from the YAML. Raises `UsageError` without one."""
        given = self.dataset_dir or settings.get("dataset_dir")
        if not given:
            raise UsageError(
                "no dataset folder is named",
                "add --dataset-dir DIR, or --config TRAIN.yaml",
                code="option_missing",
            )
        return str(given)

    def tokenizer_in(self, settings: Mapping[str, Any]) -> str:
        """Return the tokenizer, asked for or that of the YAML's model. Raises `UsageError` without one."""
        given = self.tokenizer or settings.get("model_name_or_path")
        if not given:
            raise UsageError(
                "no tokenizer is named",
                "add --tokenizer FOLDER_OR_ID, such as Qwen/Qwen3-4B",
                code="option_missing",
            )
        return str(given)


def read_settings(config: str | None) -> dict[str, Any]:
    """Return the settings of a training YAML as the trainer reads it; {} for none.

    Raises `LfQwen3Error` for a file that is missing, no YAML, or a list.
    """
    if config is None:
        return {}
    yaml = yaml_reader.read(Path(config))
    if yaml.is_list:
        raise UsageError(f"{config} is a list", "a setting is one line: `key: value`", code="no_settings")
    return yaml.settings


def read_template(settings: Mapping[str, Any], config: str | None) -> tuple[Template, dict[str, str]]:
    """Return the template of a training YAML, or `DEFAULT`, and where each of its options comes from."""
    if config is None:
        return DEFAULT, {**dict.fromkeys(_OPTIONS, "preview's default"), "cutoff_len": _TRAINERS}
    origin = {key: config if key in settings else _TRAINERS for key in _OPTIONS}
    try:
        return Template.from_settings(settings), origin
    except UsageError as error:
        raise UsageError(f"{config}: {error.message}", error.hint, code=error.code) from error


def find_entry(request: PreviewRequest, settings: Mapping[str, Any]) -> tuple[str, DatasetEntry, Path]:
    """Return name, entry and place of the dataset; the name given to convert means its train split.

    Raises `UsageError` unless its records are conversations in local files.
    """
    name, folder = request.name, request.dataset_dir_in(settings)
    entries = registry.read_registry(folder)
    if name not in entries and f"{name}_train" in entries:
        name += "_train"
    if name not in entries:
        known = f"there are: {', '.join(entries)}" if entries else "nothing is registered there"
        raise UsageError(
            f"there is no dataset '{name}' in {folder}",
            f"{did_you_mean(name, entries)} {known}".strip(),
            code="dataset_not_registered",
        )
    entry = entries[name]
    if elsewhere := next((key for key in _ELSEWHERE if key in entry), None):
        raise UsageError(
            f"{name} is not on this disk: its entry names {elsewhere} {entry[elsewhere]}",
            "download it, then: lf-qwen3 convert FILE --name NAME --dataset-dir DIR",
            code="dataset_not_local",
        )
    if not entry.get("file_name"):
        raise UsageError(
            f"the entry of {name} names no file",
            "lf-qwen3 register NAME FILE --replace",
            code="dataset_not_local",
        )
    return name, entry, Path(folder) / str(entry["file_name"])


def chosen_rows(request: PreviewRequest, path: Path) -> Iterator[tuple[str, int, sources.Item]]:
    """Yield file, row number in it and content of the rows to show; blank lines are none.

    Raises `UsageError` when there is none to show.
    """
    position = shown = 0
    for file in sources.find_files(str(path)):
        sources.require_plain(file, "lf-qwen3 convert makes a dataset of it")
        items = (item for part in sources.cut(file) for item in sources.rows(part))
        for number, item in enumerate(items, 1):
            position += 1
            if item is None or (request.row is not None and position != request.row):
                continue
            yield str(file.path), number, item
            shown += 1
            if request.row is not None or shown == request.count:
                return
    if shown:
        return
    if request.row is None:
        raise UsageError(f"{path} has no rows", "fill it, or register another file", code="no_records")
    if request.row > position:
        raise UsageError(
            f"row {request.row} is beyond the end of {path}",
            f"--row may be 1 to {position}",
            code="row_missing",
        )
    raise UsageError(f"row {request.row} of {path} is a blank line", "name another row", code="row_missing")
