"""The folder that a download makes, its marker, and how `convert` finds it by a name."""

from __future__ import annotations

import glob
import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.download.hub import RemoteFile, Repo
from lf_qwen3.data.download.known import KNOWN

MARKER = ".lf-qwen3-download.json"
DEFAULT_TO = "raw"
"""The folder to download into that messages name, where none was named."""

_DEPTHS = ("", "*", "*/*")
"""Where a downloaded folder is looked for below the working one: `medical_r1`, `raw/medical_r1` and so on."""


def claim(to: Path, repo: Repo) -> Path:
    """Return the folder NAME below `to`; it is not made yet.

    Raises `UsageError` when a file is in the way, or when the folder holds another download.
    """
    folder = to / repo.name
    for place in (to, folder):
        if place.exists() and not place.is_dir():
            raise UsageError(
                f"{place} is a file",
                "name a folder with --to; it is created if it does not exist",
                code="not_a_folder",
            )
    before = read(folder)
    if before and (before.get("id"), before.get("hub")) != (repo.id, repo.hub):
        raise UsageError(
            f"{folder} contains {before.get('id')} from {before.get('hub')}, not {repo.id} from {repo.hub}",
            "name another folder with --to",
            code="folder_not_own",
        )
    return folder


def mark(folder: Path, repo: Repo, files: Sequence[RemoteFile], again: str, complete: bool) -> None:
    """Make the folder and write its marker: what it holds, whether that is all, and the command `again`."""
    marker = {
        "name": repo.name,
        "id": repo.id,
        "kind": repo.kind,
        "hub": repo.hub,
        "revision": repo.revision,
        "complete": complete,
        "command": again,
        "files": {file.path: {"size": file.size, "sha256": file.sha256} for file in files},
    }
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{MARKER}.new"
    unfinished.write_text(json.dumps(marker, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    os.replace(unfinished, folder / MARKER)


def read(folder: Path) -> dict[str, object]:
    """Return what the marker of a folder says, nothing if there is none."""
    try:
        marker = json.loads((folder / MARKER).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return marker if isinstance(marker, dict) else {}


def place_of(spec: str) -> str:
    """Return the path behind a source: itself, or the folder that `download` made for that name.

    A name is a short name or a hub id. Raises `UsageError` when the name was never downloaded or is in
    several places, and `LfQwen3Error` when its download broke off.
    """
    place = os.path.expanduser(spec)
    if os.path.exists(place):
        _require_complete(Path(place))
        return spec
    if glob.has_magic(spec) or os.path.isabs(place):
        return spec
    folders = _found(spec)
    if len(folders) > 1:
        listed = " or ".join(str(folder) for folder in folders)
        raise UsageError(
            f"{spec} is in {len(folders)} folders",
            f"name one of them: {listed}",
            code="ambiguous_name",
        )
    if folders:
        _require_complete(folders[0])
        return str(folders[0])
    if spec in KNOWN:
        raise UsageError(
            f"{spec} does not exist: it is neither a path nor a dataset downloaded below {Path.cwd()}",
            f"download it first: lf-qwen3 download {spec} --to {DEFAULT_TO}",
            code="not_downloaded",
        )
    return spec


def _found(name: str) -> list[Path]:
    """Return the folders below the working folder that were downloaded under a name or an id."""
    folders = {
        Path(marker).parent
        for depth in _DEPTHS
        for marker in glob.glob(os.path.join(depth, "*", MARKER))
        if (mark := read(Path(marker).parent)).get("kind") == "dataset" and name in (mark["name"], mark["id"])
    }
    if name in KNOWN:
        folders.update(Path(place) for place in glob.glob(os.path.join("*", name, "")))
    return sorted(folders)


def _require_complete(folder: Path) -> None:
    marker = read(folder)
    if marker and not marker.get("complete"):
        raise LfQwen3Error(
            f"{folder}: the download of {marker.get('id')} is not complete",
            f"resume it: {marker.get('command')}",
            code="download_unfinished",
        )


def command(repo: Repo, to: Path, asked: str, options: Sequence[str] = ()) -> str:
    """Return the download command as a person types it."""
    named = ["--model", repo.id] if repo.kind == "model" else [asked]
    hub = ["--hub", repo.hub] if repo.hub != "modelscope" else []
    revision = ["--revision", repo.revision] if repo.revision else []
    return shlex.join(["lf-qwen3", "download", *named, "--to", str(to), *hub, *revision, *options])
