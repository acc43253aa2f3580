"""The files behind a path, a folder or a glob."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NoReturn

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import nearest
from lf_qwen3.base.storage import StorePath, is_url, path_of
from lf_qwen3.data.sources.kind import ACCEPTED, sniff
from lf_qwen3.data.sources.part import SourceFile
from lf_qwen3.data.sources.stream import cannot_read

_COMPANIONS = (
    *("readme*", "license*", "licence*", "notice*", "changelog*", "citation*", "contributing*", "makefile"),
    *("dataset_infos.json", "dataset_info.json", "configuration.json"),
    *("*.md", "*.rst", "*.txt", "*.pdf", "*.html", "*.bib", "*.cff"),
    *("*.py", "*.sh", "*.ipynb", "*.yaml", "*.yml", "*.toml", "*.cfg", "*.ini", "*.lock"),
    *("_success*", "_metadata", "_common_metadata", "_started*", "_committed*"),
    *("*.refused.jsonl", "*.ratings.jsonl", "*.journal.jsonl", "*.manifest.json"),
    *("*.png", "*.jpg", "*.jpeg", "*.gif", "*.svg", "*.webp"),
)
"""What is beside the data in a folder from a hub: never a data file, so never missed."""


def find_files(spec: str) -> list[SourceFile]:
    """Return the data files behind a file name, a folder (walked) or a glob, sorted by path.

    All of them may be URLs of a store that fsspec knows, such as s3://bucket/raw/*.parquet.

    "FILE#NAME" is the list of rows called NAME of a JSON file that holds several.
    Of a folder or a glob, hidden files and companions (README, licence, dataset_infos.json, scripts,
    pictures) are left out. Raises `UsageError` when there is no data file, when a file cannot be opened or
    is of no accepted kind, and when a folder or a glob has files of several kinds.
    """
    place = os.path.expanduser(spec)
    if is_file(place):
        return [sniff(path_of(place))]
    of_list, _, name = place.rpartition("#")
    if name and is_file(of_list):
        return [sniff(path_of(of_list), name)]
    if (is_url(place) and path_of(place).is_dir()) or os.path.isdir(place):
        paths, what = _walk(path_of(place)), "folder"
    elif os.path.exists(place):
        raise UsageError(f"{spec}: not a regular file", "save the data to a file first", code="not_a_file")
    else:
        paths, what = _matches(place), "glob"
        if not paths:
            _not_found(spec)
    data = [path for path in sorted(paths) if not is_companion(path.name)]
    if not data:
        raise UsageError(
            f"{spec}: the {what} has no data file", f"accepted files: {ACCEPTED}", code="no_data_files"
        )
    return _of_one_kind(spec, [sniff(path) for path in data])


def is_file(place: str) -> bool:
    """Return whether there is a file of this name or URL."""
    return path_of(place).is_file() if is_url(place) else os.path.isfile(place)


def _walk(folder: Path) -> list[Path]:
    """Return the files below a folder, without those that a hub or a tool hides there."""
    if not isinstance(folder, StorePath):
        return list(_walk_here(str(folder)))
    depth = len(folder.parts)
    return [path for path in folder.rglob("*") if not any(map(_is_hidden, path.parts[depth:]))]


def _walk_here(folder: str) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=_cannot_list):
        is_hub_cache = "snapshots" in folders and "blobs" in folders
        folders[:] = sorted(
            name
            for name in folders
            if not _is_hidden(name) and not (is_hub_cache and name in ("blobs", "refs"))
        )
        yield from (Path(place, name) for name in names)


def _is_hidden(name: str) -> bool:
    return name[0] == "." or name == "__pycache__"


def _matches(pattern: str) -> list[Path]:
    place = path_of(pattern)
    if isinstance(place, StorePath):
        return list(place.match_files())
    return [Path(place) for place in glob.glob(pattern, recursive=True) if not os.path.isdir(place)]


def is_companion(name: str) -> bool:
    """Return whether a file of a folder is no data: hidden, a README, a picture, a refused row."""
    return name[0] == "." or any(fnmatch(name.lower(), pattern) for pattern in _COMPANIONS)


def _of_one_kind(spec: str, files: list[SourceFile]) -> list[SourceFile]:
    kinds: dict[str, list[SourceFile]] = {}
    for file in files:
        kinds.setdefault(file.kind, []).append(file)
    if len(kinds) == 1:
        return files
    listed = "; ".join(f"{kind}: {_some_names(members)}" for kind, members in sorted(kinds.items()))
    example = os.path.join(spec if path_of(spec or ".").is_dir() else ".", "**", f"*{files[0].path.suffix}")
    raise UsageError(
        f"{spec}: files of several types ({listed})",
        f"select one type with a glob, such as '{example}'",
        code="mixed_kinds",
    )


def _some_names(files: Iterable[SourceFile], most: int = 3) -> str:
    names = [file.path.name for file in files]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _not_found(spec: str) -> NoReturn:
    if is_url(spec):
        _not_in_store(path_of(spec), spec)
    folder, name = os.path.split(os.path.expanduser(spec))
    if glob.has_magic(spec):
        raise UsageError(
            f"no file matches {spec}", "put a glob in quotes; ** matches subfolders", code="file_missing"
        )
    try:
        near = nearest(name, os.listdir(folder or "."))
    except (OSError, ValueError):
        raise UsageError(
            f"{spec}: there is no folder {folder}",
            "check the path; pwd shows where you are",
            code="folder_missing",
        ) from None
    guess = (
        f"did you mean {os.path.join(folder, near)}?" if near else "check the path; pwd shows where you are"
    )
    raise UsageError(f"{spec}: there is no such file or folder", guess, code="file_missing")


def _not_in_store(place: Path, spec: str) -> NoReturn:
    if glob.has_magic(spec):
        raise UsageError(f"no file matches {spec}", "** goes down into folders", code="file_missing")
    near = nearest(
        place.name, [path.name for path in place.parent.iterdir()] if place.parent.exists() else []
    )
    guess = f"did you mean {place.with_name(near)}?" if near else "check the bucket and the name"
    raise UsageError(f"{spec}: there is no such file or folder", guess, code="file_missing")


def _cannot_list(error: OSError) -> NoReturn:
    raise cannot_read(error.filename, error)
