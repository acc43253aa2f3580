"""The files of a generation: the rows, what was refused and why, the journal, the manifest."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from lf_qwen3 import __version__
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.files import write_text
from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.data.convert.options import ConvertSource
from lf_qwen3.data.convert.ranges import Range, hash_of
from lf_qwen3.data.generate.decide import Decision
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.refusals import REFUSED

ROWS, REFUSED_ROWS, JOURNAL, MANIFEST = (
    *("rows.jsonl", "rows.refused.jsonl", "rows.journal.jsonl", "rows.manifest.json"),
)
LICENCE_NOTE = "The licence of the model that wrote these rows may apply to models trained on them: read it."


@dataclass(slots=True)
class GenerationReport:
    """What became of every candidate: read = kept + refused + unanswered.

    A candidate is a question in one mode and one sample; a row of a source that is not asked about is one
    too. `rows` counts the rows of the sources, `matchable` those whose answer can be compared. `thinking`
    and `plain` count the rows kept, `tokens_in` and `tokens_out` what all replies took, as the server counts.
    `sent` and `cost` are of this run, `unfinished` are requests of an earlier one that may be billed twice.
    `stopped` says what ended the run early: a limit, or "interrupted".
    """

    folder: Path
    rows: int = 0
    read: int = 0
    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    matchable: int = 0
    thinking: int = 0
    plain: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    sent: int = 0
    cost: float | None = None
    stopped: str = ""
    unfinished: int = 0
    warnings: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the report as one JSON object."""
        values = {value.name: getattr(self, value.name) for value in fields(self)}
        return values | {"folder": str(self.folder), "refused": dict(sorted(self.refused.items()))}


def describe_refusal(code: str) -> str:
    """Return the message of a code of a refusal, convert's own included."""
    return (REFUSED.get(code) or REJECTED[code]).message


def require_own_folder(folder: Path) -> None:
    """Raise `UsageError` ("file_not_own") where the rows in a folder are somebody else's."""
    if (folder / ROWS).exists() and not (folder / JOURNAL).exists():
        raise UsageError(
            f"{folder / ROWS} exists and was not written by lf-qwen3",
            "name another folder: --to",
            code="file_not_own",
        )


def write_decisions(report: GenerationReport, decisions: Iterable[Decision], journal: Journal) -> None:
    """Write the rows and what was refused, whole or not at all, and count both in the report."""
    counted: set[str] = set()
    with _replacing(report.folder / ROWS) as rows, _replacing(report.folder / REFUSED_ROWS) as refused:
        for decision in decisions:
            report.read += 1
            if decision.outcome == "kept":
                rows.write(decision.line)
                report.kept += 1
                report.thinking += decision.thinks
                report.plain += not decision.thinks
            elif decision.outcome == "refused":
                report.refused[decision.code] += 1
                refused.write(_refused_line(decision, journal))
            else:
                report.unanswered += 1
            keys = [decision.candidate.request.key, *decision.candidate.earlier]
            for key in [*keys, decision.judged.key] if decision.judged else keys:
                _count_tokens(report, key, journal, counted)


def _count_tokens(report: GenerationReport, key: str, journal: Journal, counted: set[str]) -> None:
    """Count the tokens of a reply once."""
    reply = journal.read_reply(key) if key not in counted else None
    if reply:
        counted.add(key)
        report.tokens_in += reply.tokens_in
        report.tokens_out += reply.tokens_out


def write_manifest(
    report: GenerationReport, verb: str, sources: Iterable[ConvertSource], options: Mapping[str, Any]
) -> None:
    """Write what the rows were made from and how, without a time or a machine: the same bytes each time."""
    counts = {name: getattr(report, name) for name in ("rows", "read", "kept", "unanswered", "matchable")}
    content = {
        "tool": f"lf-qwen3 {__version__}",
        "verb": verb,
        "sources": [
            {
                "path": source.label,
                "bytes": (size := source.file.path.stat().st_size),
                "xxh3_128": hash_of([Range(source.file.path, 0, size)]),
            }
            for source in sources
        ],
        "options": dict(options),
        "counts": counts
        | {
            "refused": dict(sorted(report.refused.items())),
            "thinking": report.thinking,
            "plain": report.plain,
        },
        "tokens": {"in": report.tokens_in, "out": report.tokens_out},
        "licence": LICENCE_NOTE,
    }
    write_text(report.folder / MANIFEST, json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def _refused_line(decision: Decision, journal: Journal) -> bytes:
    candidate, question = decision.candidate, decision.candidate.question
    reply = journal.read_reply(candidate.request.key)
    line = {
        "source": question.source,
        "row": question.row,
        **({"mode": candidate.mode, "sample": candidate.sample} if candidate.request.body else {}),
        "code": decision.code,
        "reason": describe_refusal(decision.code),
        "detail": decision.detail,
        "request": candidate.request.key if candidate.request.body else None,
        "question": question.text,
        "reply": {"reasoning_content": reply.reasoning, "content": reply.content} if reply else None,
    }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when it is whole."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
