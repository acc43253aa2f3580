"""What the board remembers of its jobs after it has ended: a file each, below its own folder."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from lf_qwen3 import __version__
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.handlers import places

FOLDER = Path("llamaboard_cache", "lf-qwen3", "jobs")
"""LLaMA Board's own folder (webui/common.py); seen from the folder that the board was started in."""

_Job = TypeVar("_Job")


def save(folder: Path, name: str, record: Mapping[str, Any]) -> None:
    """Write a record whole or not at all; where the folder cannot be written, not at all."""
    whole = {**record, "version": __version__, "server": os.getpid()}
    with contextlib.suppress(OSError, LfQwen3Error):
        places.write_inside(folder / f"{name}.json", json.dumps(whole, default=str))


def read(folder: Path, restore: Callable[[str, Mapping[str, Any]], _Job]) -> list[_Job]:
    """Return what `restore(name, record)` makes of each record.

    Left out are a broken one, with a word on stderr, one of another version of lf-qwen3, which is deleted,
    and one that another board is at work on in the same folder.
    """
    jobs = []
    for path in sorted(folder.glob("*.json")):
        try:
            record = json.loads(path.read_text("utf-8"))
            if record["version"] != __version__:
                delete(folder, path.stem)
            elif not (record["state"] in ("running", "cancelling") and _is_alive(record["server"])):
                jobs.append(restore(path.stem, record))
        except (OSError, LookupError, TypeError, ValueError) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            print(
                f"lf-qwen3: {path} cannot be read, its job is not shown: {reason}",
                file=sys.stderr,
                flush=True,
            )
    return jobs


def delete(folder: Path, name: str) -> None:
    """Delete a record, if it is there."""
    with contextlib.suppress(OSError):
        (folder / f"{name}.json").unlink()


def _is_alive(server: int) -> bool:
    """Return whether another process of this machine has this id."""
    if server == os.getpid():
        return False
    try:
        os.kill(server, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True
