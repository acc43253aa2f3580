"""The files and folders of this machine that the tab may use, and their names.

The board serves everybody who reaches its port, without a login, so every typed path counts as hostile:
it must be below the folder that the board was started in, or below one that LF_QWEN3_WEBUI_PATHS names.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.files import write_text
from lf_qwen3.data import sources

VARIABLE = "LF_QWEN3_WEBUI_PATHS"
"""The environment variable that names further folders, separated as in PATH."""

SAVES = "saves"
"""LLaMA Board's own folder of runs (webui/common.py)."""

MOST_UPLOADED = 512 << 20
"""Bytes of one uploaded file; a larger one is put beside the board and named by its path."""

MOST_OFFERED = 200
"""Names in a list."""

LONGEST_NAME = 80
"""Characters of a name."""

_LONGEST_PATH = 4096
_NAME = re.compile(r"\w[\w.-]*")
_DATA = (".jsonl", ".json", ".parquet", ".csv", ".tsv", ".gz", ".zst")
_DEPTH = 2
_NEVER_READ = ("llamaboard_cache", "llamaboard_config", "node_modules", "site-packages")


def roots() -> list[Path]:
    """Return the folders below which the tab reads and writes."""
    named = [folder for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
    return [Path(folder).expanduser().resolve() for folder in (".", *named)]


def uploads() -> Path:
    """Return the folder in which gradio keeps what is uploaded."""
    return Path(os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir()) / "gradio").resolve()


def name_files(text: str) -> str:
    """Return a text in which files are named from the board's folder, and uploads by their names alone."""
    if os.sep not in text:
        return text
    here, kept = (
        os.getcwd(),
        os.environ.get("GRADIO_TEMP_DIR") or os.path.join(tempfile.gettempdir(), "gradio"),
    )
    return _folders(here, os.path.realpath(kept)).sub("", text)


@cache
def _folders(here: str, kept: str) -> re.Pattern[str]:
    """Return what is before such a name: the folder of an upload, or the board's own."""
    ways = {kept, os.path.relpath(kept, here)}
    own = "" if here == os.sep else f"|{re.escape(here)}/"
    return re.compile(rf"(?<![\w./-])(?:(?:{'|'.join(map(re.escape, ways))})/[0-9a-f]{{64}}/{own})")


def require_inside(path: str | Path, also: tuple[Path, ...] = ()) -> Path:
    """Return a path, links followed. Raises `UsageError` unless it is below one of the roots or `also`.

    URLs are refused: who may see the board may not have its machine fetch anything.
    """
    text = str(path)
    if "://" in text:
        raise UsageError(
            f"{text}: only local files are read",
            "download it first, then name the file or the folder",
            code="not_local",
        )
    if not text.strip() or len(text) > _LONGEST_PATH or "\0" in text:
        raise UsageError("not a path", "name a file or a folder", code="not_a_path")
    try:
        real = Path(text).expanduser().resolve()
    except (OSError, RuntimeError) as error:  # a loop of links, an unknown ~user
        raise UsageError(f"{text}: not a valid path", "name a file or a folder", code="not_a_path") from error
    if not any(real.is_relative_to(root) for root in (*roots(), *also)):
        raise UsageError(
            f"{text} is outside of the folder where the board was started",
            f"move or upload the data, or start the board with {VARIABLE}=FOLDER",
            code="path_outside",
        )
    return real


def require_chosen(named: str | None, what: str) -> Path:
    """Return a folder or file that was named, as a person would name it from here.

    Raises `UsageError` for none, with `what` to choose, and for one outside the roots or not there.
    """
    text = (named or "").strip()
    if not text:
        raise UsageError(
            f"no {what} is selected", "select one from the list, or type its folder", code="nothing_chosen"
        )
    real = require_inside(text)
    if not real.exists():
        raise UsageError(
            f"there is no file or folder {text}", "select one from the list", code="file_missing"
        )
    return from_here(real)


def from_here(path: Path) -> Path:
    """Return a path relative to the board's folder where it is in it."""
    real, here = path.resolve(), Path.cwd().resolve()
    return real.relative_to(here) if real.is_relative_to(here) else real


def check_name(name: str | None) -> str:
    """Return a name without blanks around it.

    Raises `UsageError` unless it is made of letters, digits, '_', '-' and '.', begins with none of the last
    two and is not too long: it becomes part of a file's name, and the name of an entry.
    """
    text = (name or "").strip()
    if not text:
        raise UsageError("the name is missing", "type one, such as my_run", code="name_missing")
    if len(text) > LONGEST_NAME or len(text.encode("utf-8", "replace")) > 2 * LONGEST_NAME:
        raise UsageError(
            f"the name is longer than {LONGEST_NAME} characters", "use a shorter one", code="name_invalid"
        )
    if not _NAME.fullmatch(text):
        raise UsageError(
            f"{text!r} is not a valid name",
            "use letters, digits, '_', '-' and '.', for example my_run-2",
            code="name_invalid",
        )
    return text


def refuse_demo(is_demo: bool) -> None:
    """Raise `UsageError` in demo mode, in which visitors write nothing and start nothing."""
    if is_demo:
        raise UsageError(
            "the board is in demo mode, which changes nothing",
            "start it on your own machine",
            code="demo_mode",
        )


def write_inside(path: Path, text: str) -> None:
    """Write a file below the board's folder, whole or not at all; its folder is made.

    Raises `UsageError` for a path that links lead out of that folder.
    """
    require_inside(path)
    write_text(path, text)


def source_files(named: Sequence[str], uploaded: Sequence[str]) -> list[sources.SourceFile]:
    """Return the data files behind typed paths (file, folder, glob) and uploads, as named from here.

    Raises `UsageError` for none at all, for what `sources.find_files` refuses, for a file outside the roots
    and for an upload beyond `MOST_UPLOADED`.
    """
    files, faults = find_sources(named, uploaded)
    for fault in faults.values():
        raise fault
    return files


def find_sources(
    named: Sequence[str], uploaded: Sequence[str]
) -> tuple[list[sources.SourceFile], dict[str, LfQwen3Error]]:
    """Return what `source_files` does, and by its name each path or upload for which that would raise.

    Raises `UsageError` for none at all.
    """
    if not named and not uploaded:
        raise UsageError("no data is named", "type a path or upload a file", code="nothing_chosen")
    files: list[sources.SourceFile] = []
    faults: dict[str, LfQwen3Error] = {}
    for names, find in ((named, _named), (uploaded, _uploaded)):
        for name in names:
            try:
                files += [replace(file, path=from_here(file.path)) for file in find(name)]
            except LfQwen3Error as error:
                faults[name] = error
    return files, faults


def _named(path: str) -> list[sources.SourceFile]:
    require_inside(path.split("*")[0] or ".")
    files = sources.find_files(path)
    for file in files:
        require_inside(file.path)
    return files


def list_data_files(with_splits: bool = False) -> list[str]:
    """Return data files near the board, for the user to choose from.

    Those that a conversion wrote are left out, but for its splits where they are asked for.
    """
    from lf_qwen3.data.convert.manifest import MANIFEST_END, SPLITS, file_names

    made: set[Path] = set()
    files: list[Path] = []
    for folder, names in walk(Path(), _DEPTH, leave_out=SAVES):
        for name in names:
            if name.endswith(MANIFEST_END):
                own = file_names(name.removesuffix(MANIFEST_END))
                left_out = own.keys() - (SPLITS if with_splits else ())
                made.update(folder / own[key] for key in left_out)
            elif Path(name).suffix in _DATA and not sources.is_companion(name):
                files.append(folder / name)
    return sorted(str(file) for file in files if file not in made)[:MOST_OFFERED]


def walk(top: Path, depth: int, leave_out: str = "") -> Iterator[tuple[Path, set[str]]]:
    """Yield the folders below `top`, itself first, with the names of their files.

    Hidden ones, checkpoints of a run and what others keep for themselves are left out.
    """
    never = (*_NEVER_READ, leave_out)
    for root, folders, files in os.walk(top):
        folder = Path(root)
        is_deepest = len(folder.relative_to(top).parts) >= depth
        folders[:] = [] if is_deepest else [name for name in folders if _is_open(name) and name not in never]
        yield folder, {name for name in files if _is_open(name)}


def _is_open(name: str) -> bool:
    return name[0] not in "._" and not name.startswith("checkpoint-")


def _uploaded(name: str) -> list[sources.SourceFile]:
    path = require_inside(name, also=(uploads(),))
    if path.stat().st_size > MOST_UPLOADED:
        raise UsageError(
            f"{path.name} is larger than {MOST_UPLOADED >> 20:,} MiB",
            "put it into the folder where the board was started, and type its path",
            code="file_too_large",
        )
    return sources.find_files(str(path))
