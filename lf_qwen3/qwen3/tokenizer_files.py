"""Find and load a tokenizer: `tokenizer.json` of a folder or a local hub cache, without network or torch."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lf_qwen3.base.errors import UsageError

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

FILE = "tokenizer.json"
_kept: dict[tuple[str, int], Tokenizer] = {}
_ID = re.compile(r"[\w.-]+/[\w.-]+")


def find(path_or_id: Path | str) -> Path:
    """Return the folder that holds the tokenizer.json of a folder, of that file itself, or of a hub id.

    An id such as Qwen/Qwen3-4B is looked for in the local caches of Hugging Face and ModelScope. Raises
    `UsageError` that says how to get the file.
    """
    given = str(path_or_id)
    path = Path(given).expanduser()
    if path.is_file():
        if path.name != FILE:
            raise UsageError(
                f"{path} is not a {FILE}",
                "name the folder that holds it: --tokenizer FOLDER",
                code="tokenizer_missing",
            )
        return path.parent
    if path.is_dir():
        if (path / FILE).is_file():
            return path
        raise UsageError(f"there is no {FILE} in {path}", _missing_hint(path), code="tokenizer_missing")
    if not _ID.fullmatch(given):
        raise UsageError(
            f"there is no folder {path}",
            "name a folder with a tokenizer.json, or a hub id",
            code="tokenizer_missing",
        )
    for folder in _cached(given):
        if (folder / FILE).is_file():
            return folder
    raise UsageError(
        f"{given} is not a folder, and its {FILE} is in no local hub cache",
        download_hint(given),
        code="tokenizer_missing",
    )


def keep(folder: Path) -> None:
    """Load the tokenizer of a folder ahead of need: the next `load` returns it while its file is the same.

    Raises what `load` raises.
    """
    _kept[_key(folder)] = load(folder)


def load(folder: Path) -> Tokenizer:
    """Return the tokenizer of a folder, with the truncation and padding that a training left in it off.

    Raises `UsageError` when the file is not a tokenizer.
    """
    if (kept := _kept.pop(_key(folder), None)) is not None:
        return kept
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / FILE))
    except Exception as error:  # the library raises a bare Exception
        raise UsageError(
            f"{folder / FILE} cannot be read as a tokenizer: {error}",
            "download it again",
            code="tokenizer_broken",
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def download_hint(model: str) -> str:
    """Return the commands that fetch the tokenizer of a hub id."""
    folder, files = model.rpartition("/")[2], f"{FILE} tokenizer_config.json"
    return (
        f"download it, then name the folder with --tokenizer {folder}:\n  modelscope download "
        f"--model {model} {files} --local_dir {folder}\n  hf download {model} {files} "
        f"--local-dir {folder}"
    )


def _missing_hint(folder: Path) -> str:
    if (folder / "vocab.json").is_file() or (folder / "adapter_config.json").is_file():
        return "the model comes with it: copy its tokenizer.json there, or name the model's own folder"
    return "name the model's folder, or an id that is in a local hub cache, such as Qwen/Qwen3-4B"


def _cached(model: str) -> Iterator[Path]:
    """Yield the folders in which a hub may keep a model, the newest snapshot first."""
    owner, _, name = model.partition("/")
    for root in _hugging_face_roots():
        yield from _snapshots(root / f"models--{owner}--{name}")
    for root in _modelscope_roots():
        yield from _snapshots(root / "models" / f"{owner}--{name}")
        for spelling in (name, name.replace(".", "___")):
            yield from (root / "models" / owner / spelling, root / owner / spelling)


def _snapshots(repo: Path) -> Iterator[Path]:
    main = repo / "refs" / "main"
    if main.is_file():
        yield repo / "snapshots" / main.read_text("utf-8").strip()
    snapshots = [path for path in repo.glob("snapshots/*") if path.is_dir()]
    yield from sorted(snapshots, key=lambda path: path.stat().st_mtime, reverse=True)


def _hugging_face_roots() -> Iterator[Path]:
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if place := os.environ.get(variable):
            yield Path(place).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    yield Path(os.environ.get("HF_HOME", f"{cache}/huggingface")).expanduser() / "hub"


def _modelscope_roots() -> Iterator[Path]:
    for place in (os.environ.get("MODELSCOPE_CACHE"), "~/.cache/modelscope"):
        if place:
            yield from (Path(place).expanduser(), Path(place).expanduser() / "hub")


def _key(folder: Path) -> tuple[str, int]:
    file = folder / FILE
    return str(file.resolve()), file.stat().st_mtime_ns if file.is_file() else 0
