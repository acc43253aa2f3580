"""Requests and replies as files in OpenAI's batch format, which many endpoints take at half the price."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import orjson

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data.generate.client import SendReport
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_reply import UnreadableReply, parse_reply
from lf_qwen3.data.generate.model_request import ModelRequest

MOST_LINES = 50_000
MOST_BYTES = 100_000_000
"""Of one file: the limits of OpenAI and of DashScope."""


class BatchClient:
    """Stands in for a client: writes the requests without a reply to files and sends nothing.

    Without a path it writes nothing either. The first requests that lack replies stop the run, for what
    follows them depends on these.
    """

    def __init__(self, journal: Journal, path: Path | None = None) -> None:
        self.journal, self.path = journal, path
        self.files: list[Path] = []
        self.requests = 0

    def send(
        self, requests: Iterable[ModelRequest], progress: Progress = NoProgress(), total: int = 0
    ) -> SendReport:
        """Write the requests that have no reply, and stop if there are any."""
        if self.path:
            self.files, self.requests = export_batch(requests, self.journal, self.path)
            lacks = bool(self.requests)
        else:
            lacks = any(not self.journal.is_settled(request.key) for request in requests)
        return SendReport(stopped="--batch-export" if lacks else "")


class BatchReplies(NamedTuple):
    """How many replies were taken in, and how many lines could not be: they are asked for again."""

    taken: int
    failed: int


def export_batch(
    requests: Iterable[ModelRequest], journal: Journal, path: Path, most_lines: int = MOST_LINES
) -> tuple[list[Path], int]:
    """Write the requests without a reply to `path`, and to `NAME-2.jsonl` and on where they do not fit.

    Returns the files and how many requests there are.
    """
    files: list[Path] = []
    lines: list[bytes] = []
    seen: set[str] = set()
    size = 0
    for request in requests:
        if journal.is_settled(request.key) or request.key in seen:
            continue
        seen.add(request.key)
        line = _line(request)
        if lines and (len(lines) == most_lines or size + len(line) > MOST_BYTES):
            files.append(_write(path, len(files), lines))
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        files.append(_write(path, len(files), lines))
    return files, len(seen)


def import_batches(paths: Iterable[Path], journal: Journal) -> list[str]:
    """Take the outputs of batches into the journal; return a warning for each that lacks replies."""
    read = ((path, import_batch(path, journal)) for path in paths)
    return [f"{path}: {replies.failed:,} lines hold no reply" for path, replies in read if replies.failed]


def import_batch(path: Path, journal: Journal) -> BatchReplies:
    """Take the output of a batch into the journal; a request that has a reply keeps it.

    Raises `UsageError` where there is no file, `LfQwen3Error` ("not_a_batch") where no line is of a batch.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}", "name the output file of the batch", code="file_missing")
    taken = failed = 0
    with path.open("rb") as lines:
        for line in filter(bytes.strip, lines):
            try:
                fields = orjson.loads(line)
                key = str(fields["custom_id"])
                int(key, 16)
                response = fields.get("response") or {}
                reply = parse_reply(orjson.dumps(response["body"]))
            except (ValueError, LookupError, TypeError, AttributeError, UnreadableReply):
                failed += 1
                continue
            if not journal.is_settled(key):
                journal.note_reply(key, reply)
                taken += 1
    if failed and not taken and not len(journal):
        raise LfQwen3Error(
            f"no line of {path} is a reply of a batch",
            "name the output file of the batch",
            code="not_a_batch",
        )
    return BatchReplies(taken, failed)


def _line(request: ModelRequest) -> bytes:
    line = {
        "custom_id": request.key,
        "method": "POST",
        "url": f"/v1{request.endpoint}",
        "body": request.body,
    }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _write(path: Path, number: int, lines: list[bytes]) -> Path:
    file = path if number == 0 else path.with_name(f"{path.stem}-{number + 1}{path.suffix}")
    file.write_bytes(b"".join(lines))
    return file
