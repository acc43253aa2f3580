"""Switch the tab on for the unmodified `llamafactory-cli webui`, and off again.

Python runs the lines of every .pth file in site-packages at its start. Ours is one guarded line in a file of
its own beside the distribution's metadata, and is in the distribution's RECORD, so that `pip uninstall`
takes it along.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.hook import SWITCH

FILE = "lf_qwen3_webui.pth"
_PROGRAM = """\
try:
 from lf_qwen3.board import hook
 hook.install()
except Exception as error:
 if sys.stderr and "webui" in " ".join(sys.orig_argv):
  why = " ".join(f"{type(error).__name__}: {error}".split())
  print("lf-qwen3: the Qwen3 tab could not be loaded:", why, end="; ", file=sys.stderr)
  print('to see where: python -c "import lf_qwen3.board.hook"', file=sys.stderr)
"""
LINE = f"import sys; exec({_PROGRAM!r})\n"
"""Guarded, so that it disturbs no program when the package is gone; a try is quicker than `find_spec`.

A failure is reported where the command is the board's (llamafactory-cli webui), and nowhere else.
"""

_RECORD = "RECORD"


@dataclass(frozen=True, slots=True)
class TabInstallation:
    """Where the file goes, beside which metadata, and whether it is there and listed."""

    file: Path
    record: Path | None
    is_there: bool
    is_listed: bool

    @property
    def is_off(self) -> bool:
        """Return whether the environment variable turns it off all the same."""
        return os.environ.get(SWITCH) == "0"


def read_installation(distribution: metadata.Distribution | None = None) -> TabInstallation:
    """Return how things are. Raises `LfQwen3Error` where lf-qwen3 is not installed as a distribution."""
    distribution = distribution or _distribution()
    file = Path(str(distribution.locate_file(FILE)))
    files = distribution.files or []
    records = [path for path in files if path.name == _RECORD and ".dist-info" in str(path)]
    record = Path(str(distribution.locate_file(records[0]))) if records else None
    is_listed = record is not None and any(row[0] == FILE for row in _rows(record))
    return TabInstallation(file, record, file.is_file() and file.read_text("utf-8") == LINE, is_listed)


def install(distribution: metadata.Distribution | None = None) -> TabInstallation:
    """Write the file and list it; twice does no harm. Raises `LfQwen3Error` where it may not be written."""
    before = read_installation(distribution)
    _require_writable(before.file.parent)
    if not before.is_there:
        _replace(before.file, LINE)
    if before.record is not None and not before.is_listed:
        _replace(before.record, _text([*_rows(before.record), _entry()]))
    return read_installation(distribution)


def uninstall(distribution: metadata.Distribution | None = None) -> TabInstallation:
    """Take the file and its entry away; if there is none nothing happens."""
    before = read_installation(distribution)
    if before.file.exists() or before.is_listed:
        _require_writable(before.file.parent)
    before.file.unlink(missing_ok=True)
    if before.record is not None and before.is_listed:
        _replace(before.record, _text([row for row in _rows(before.record) if row[0] != FILE]))
    return read_installation(distribution)


def _distribution() -> metadata.Distribution:
    try:
        return metadata.distribution("lf-qwen3")
    except metadata.PackageNotFoundError as error:
        raise LfQwen3Error(
            "lf-qwen3 is not installed as a package here",
            "pip install lf-qwen3; or start: lf-qwen3 webui",
            code="not_installed",
        ) from error


def _require_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK):
        raise LfQwen3Error(
            f"no permission to write {folder}",
            "start the board with `lf-qwen3 webui` instead, or use your own environment",
            code="no_permission",
        )


def _rows(record: Path) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(record.read_text("utf-8"))) if row]


def _text(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _entry() -> list[str]:
    """Return the line of RECORD: path, hash, bytes (packaging.python.org, "Recording installed projects")."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(LINE.encode()).digest()).rstrip(b"=").decode()
    return [FILE, f"sha256={digest}", str(len(LINE.encode()))]


def _replace(path: Path, text: str) -> None:
    """Write a file in one step; never in place, for uv links files of its cache into environments."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(temporary, path.stat().st_mode & 0o7777 if path.exists() else 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
