"""What the last check of a data file said of its rows: kept in a folder of the board's own."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import orjson
import xxhash

from lf_qwen3.base.files import write_text

if TYPE_CHECKING:
    from lf_qwen3.proof.check import CheckReport

FOLDER = Path("llamaboard_cache/lf-qwen3/marks")

MOST_FILES = 64
"""Files in the folder; the oldest go."""


class RowMarks(TypedDict):
    """The rows of a file by finding (of each the first 1,000), and the tokens of each row, 0 for uncounted.

    Rows are counted from 1, blank lines too; `tokens` is empty where no tokenizer was there.
    """

    codes: dict[str, list[int]]
    tokens: list[int]


def keep(report: CheckReport) -> None:
    """Keep what a check said of every data file that it read, as far as the folder can be written."""
    lengths = {file: tokens for files in report.lengths.values() for file, tokens in files.items()}
    codes: dict[str, dict[str, list[int]]] = {file: {} for file in lengths}
    for finding in report.findings:
        if finding.row is not None and finding.file in codes:
            codes[finding.file].setdefault(finding.code, []).append(finding.row)
    for file, tokens in lengths.items():
        marks: RowMarks = {"codes": codes[file], "tokens": list(tokens)}
        with contextlib.suppress(OSError):
            write_text(_place(Path(file)), orjson.dumps(marks).decode())
    for old in sorted(FOLDER.glob("*.json"), key=lambda file: file.stat().st_mtime)[:-MOST_FILES]:
        old.unlink(missing_ok=True)


def read(file: Path) -> RowMarks | None:
    """Return what the last check said of a file as it is there now, None where there was none."""
    try:
        marks: RowMarks | None = orjson.loads(_place(file).read_bytes())
    except (OSError, ValueError):
        return None
    return marks


def stamp(path: Path) -> tuple[str, int, int]:
    """Return what tells one state of a file from another: its path, its bytes, when it was written."""
    status = path.stat()
    return str(path.resolve()), status.st_size, status.st_mtime_ns


def _place(file: Path) -> Path:
    return FOLDER / f"{xxhash.xxh3_128_hexdigest(repr(stamp(file)).encode())}.json"
