"""The allowed names of a dataset, and the allowed places of its file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.storage import is_store, path_of

DATA_CONFIG = "dataset_info.json"

ELSEWHERE = ("hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name")
"""The keys of data that does not be in the dataset_dir."""

_NAME = re.compile(r"[\w.-]+")


def check_name(name: str) -> None:
    """Raise `UsageError` unless `name` is made of letters, digits, `_`, `-` and `.`, and not of dots alone.

    LLaMA-Factory splits the names in `dataset:` at commas and strips blanks, and a name becomes part of
    file names here.
    """
    if not _NAME.fullmatch(name) or not name.strip("."):
        raise UsageError(
            f"{name!r} cannot be a dataset name",
            "use letters, digits, '_', '-' and '.', for example my_data-v1.0",
            code="dataset_name",
        )


def config_path(dataset_dir: Path | str) -> Path:
    """Return the file behind `dataset_dir/dataset_info.json`, links followed; it need not exist.

    The folder may be the URL of one on a store. Raises `UsageError` when the folder is missing or is no
    folder, or the file is something else.
    """
    folder = path_of(dataset_dir)
    if is_store(folder):
        return folder / DATA_CONFIG
    if folder.is_file():
        hint = f"name the folder: --dataset-dir {folder.parent}" if folder.name == DATA_CONFIG else ""
        raise UsageError(
            f"--dataset-dir {folder} is a file, not a folder",
            hint or "name a folder, or move the file",
            code="not_a_folder",
        )
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {folder}",
            "name the folder that holds dataset_info.json: --dataset-dir DIR",
            code="folder_missing",
        )
    path = Path(os.path.realpath(folder / DATA_CONFIG))
    if not path.parent.is_dir():
        raise UsageError(
            f"{folder / DATA_CONFIG} links to {path}, whose folder does not exist",
            "repair or remove the link",
            code="link_broken",
        )
    if path.exists() and not path.is_file():
        raise UsageError(
            f"{path} is not a file",
            "move it away: LLaMA-Factory expects the file with its datasets there",
            code="not_a_file",
        )
    return path


def require_config(dataset_dir: Path | str) -> None:
    """Raise `UsageError` when there is no dataset_info.json, or what `config_path` raises."""
    if not config_path(dataset_dir).exists():
        raise UsageError(
            f"there is no {DATA_CONFIG} in {dataset_dir}",
            "name the folder that contains it: --dataset-dir DIR; lf-qwen3 register creates one",
            code="registry_missing",
        )


def require_writable(path: Path) -> None:
    """Raise `LfQwen3Error` when `path` may not be replaced by a new file; a store says so later."""
    for place in () if is_store(path) else (path.parent, path):
        if not os.access(place, os.W_OK) and (place.exists() or place is path.parent):
            hint = f"chmod u+w {place}, or name another folder: --dataset-dir DIR"
            raise LfQwen3Error(f"no permission to write {place}", hint, code="no_permission")


def find_file(file: Path | str, dataset_dir: Path | str) -> Path:
    """Return the data file, named from here or else from `dataset_dir`. Raises `UsageError`."""
    for path in (Path(file), Path(dataset_dir) / file):
        if path.is_dir():
            raise UsageError(
                f"{path} is a folder",
                "name one file; this makes one of several: lf-qwen3 convert FOLDER --name NAME",
                code="not_a_file",
            )
        if path.is_file():
            return path
        if path.exists():
            raise UsageError(
                f"{path} is not a regular file", "name a JSON, JSONL, CSV or parquet file", code="not_a_file"
            )
    raise UsageError(
        f"there is no file {file}",
        f"a path may count from the current folder or from {dataset_dir}",
        code="file_missing",
    )


def name_own_file(folder: Path, entry: Mapping[str, Any]) -> str | None:
    """Return the file or folder of an entry as it is called below the dataset folder, None for none there.

    An entry of a folder on a store may name it by its URL.
    """
    url = entry.get("cloud_file_name")
    if isinstance(url, str) and is_store(folder):
        below = url.removeprefix(f"{folder}/")
        return None if below == url else below
    name = entry.get("file_name")
    if not isinstance(name, str) or any(key in entry for key in ELSEWHERE):
        return None
    return name or None


def relative_name(file: Path, dataset_dir: Path | str) -> str:
    """Return how dataset_info.json names `file`: from the dataset_dir, with forward slashes.

    A link that is in the folder counts as lying there, wherever it points. Raises `UsageError` when
    the file is elsewhere.
    """
    for place in (
        os.path.abspath(file),
        os.path.realpath(file.parent) + os.sep + file.name,
        os.path.realpath(file),
    ):
        for folder in (os.path.abspath(dataset_dir), os.path.realpath(dataset_dir)):
            name = os.path.relpath(place, folder)
            if name.split(os.sep)[0] != os.pardir and os.path.samefile(os.path.join(folder, name), file):
                return _portable(name)
    source, folder = quote(str(file)), quote(str(dataset_dir))
    raise UsageError(
        f"{file} is not in {dataset_dir}: LLaMA-Factory would not find it",
        f"copy it there: cp {source} {folder}/; or convert it: lf-qwen3 convert {source} "
        f"--name NAME --dataset-dir {folder}",
        code="file_outside",
    )


def _portable(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"the file name {name!r} is not UTF-8", "rename the file", code="file_name"
        ) from error
    return name.replace(os.sep, "/")
