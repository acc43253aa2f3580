"""Which files and folders of this machine the tab may touch.

The board listens to whoever reaches its port, without a login, so every path that is typed counts as hostile:
it must lie below the folder that the board was started in, or below one that LF_QWEN3_WEBUI_PATHS names.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data import sources

VARIABLE = "LF_QWEN3_WEBUI_PATHS"
"""The environment variable that names further folders, separated as in PATH."""

MOST_UPLOADED = 512 << 20
"""Bytes of one uploaded file; a larger one is put beside the board and named by its path."""

_LONGEST = 4096
_DATA = (".jsonl", ".json", ".parquet", ".csv", ".tsv", ".gz", ".zst")
_DEPTH, _MOST_OFFERED = 3, 200


def roots() -> list[Path]:
    """Return the folders below which the tab reads and writes."""
    named = [one for one in os.environ.get(VARIABLE, "").split(os.pathsep) if one]
    return [Path(one).expanduser().resolve() for one in (".", *named)]


def uploads() -> Path:
    """Return the folder in which gradio keeps what is uploaded."""
    return Path(os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir()) / "gradio").resolve()


def require_inside(path: str | Path, also: tuple[Path, ...] = ()) -> Path:
    """Return a path, links followed. Raises `UsageError` unless it lies below one of the roots or `also`."""
    text = str(path)
    if not text.strip() or len(text) > _LONGEST or "\0" in text:
        raise UsageError("this is no path", "name a file or a folder")
    try:
        real = Path(text).expanduser().resolve()
    except (OSError, RuntimeError) as error:  # a loop of links, an unknown ~user
        raise UsageError(
            f"{text}: this is no path that can be followed", "name a file or a folder"
        ) from error
    if not any(real.is_relative_to(root) for root in (*roots(), *also)):
        raise UsageError(
            f"{text} lies outside the folder that the board was started in",
            f"move or upload the data, or start the board with {VARIABLE}=FOLDER",
        )
    return real


def source_files(named: Sequence[str], uploaded: Sequence[str]) -> list[Path]:
    """Return the data files behind typed paths (file, folder, glob) and uploads.

    Raises `UsageError` for none at all, for what `sources.find_files` refuses, for a file outside the roots
    and for an upload beyond `MOST_UPLOADED`.
    """
    for one in named:
        require_inside(one.split("*")[0] or ".")
    found = [file.path for one in named for file in sources.find_files(one)]
    for path in found:
        require_inside(path)
    for one in uploaded:
        found.append(_uploaded(one))
    if not found:
        raise UsageError("no data is named", "type a path or upload a file")
    return [_relative(path) for path in found]


def offered() -> list[str]:
    """Return data files near the board, for the user to choose from: those not made by a conversion."""
    from lf_qwen3.data.convert.manifest import MANIFEST_END, file_names

    here = Path.cwd()
    made: set[Path] = set()
    found: list[str] = []
    for path in _walk(here, _DEPTH):
        if path.name.endswith(MANIFEST_END):
            own = file_names(path.name.removesuffix(MANIFEST_END))
            made.update(path.parent / file for file in own.values())
        elif path.suffix in _DATA and path.name != "dataset_info.json":
            found.append(str(path.relative_to(here)))
    return [one for one in sorted(found) if here / one not in made][:_MOST_OFFERED]


def _uploaded(name: str) -> Path:
    path = require_inside(name, also=(uploads(),))
    if path.stat().st_size > MOST_UPLOADED:
        raise UsageError(
            f"{path.name} is larger than {MOST_UPLOADED >> 20:,} MiB",
            "put it into the folder that the board was started in, and name its path",
        )
    return sources.find_files(str(path))[0].path


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda one: one.name)
    except OSError:
        return
    for entry in entries:
        if entry.name[0] in "._" or entry.name in (
            "saves",
            "llamaboard_cache",
            "llamaboard_config",
            "node_modules",
        ):
            continue
        if entry.is_file():
            yield Path(entry.path)
        elif depth > 1 and entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), depth - 1)


def _relative(path: Path) -> Path:
    """Return a path as a person would name it from here."""
    real = path.resolve()
    here = Path.cwd().resolve()
    return real.relative_to(here) if real.is_relative_to(here) else real
