"""Convert parts of sources to records.

    rows of a part -> convert -> normalise -> rules -> records, into a spool file beside a ledger

A part knows nothing of the others. The results come back in the order of the parts, so neither the size
of the parts nor the number of workers shows in what is made of them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate, repeat
from pathlib import Path

import orjson

from lf_qwen3.base.conversation import Conversation, Row
from lf_qwen3.base.errors import Reject
from lf_qwen3.base.reasons import is_fault
from lf_qwen3.data import converters
from lf_qwen3.data.convert.conversations import choose_rules, convert_row, source_row
from lf_qwen3.data.convert.fast.records import HashedRecord, hash_records, write_clean
from lf_qwen3.data.convert.fast.rows import CleanRowReader
from lf_qwen3.data.convert.fast.uses import UseCount
from lf_qwen3.data.convert.formats import FORMATS, FormatName, Turns, WrittenRecord
from lf_qwen3.data.convert.ledger import Ledger
from lf_qwen3.data.convert.warned import WarnedRows
from lf_qwen3.data.converters.roles import Roles
from lf_qwen3.data.converters.source_row import AS_IT_IS, ColumnUse, Reading
from lf_qwen3.data.provenance import PROVENANCE, is_provenance
from lf_qwen3.data.sources import BadRow, Part, rows

_BUFFER = 1 << 18
_TOGETHER = 128
"""Records that are written at once: few enough to stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class PartTask:
    """One part to convert: `file` is the index of its source file, `limit` the most rows to read.

    `roles` are the roles that its columns were given by hand.
    """

    part: Part
    file: int
    converter: str
    roles: Roles = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What workers need to know to convert any part the same way."""

    format: FormatName
    turns: Turns
    seed: int
    allow_special: bool
    spool_dir: Path
    stop_on_bad: bool = False
    reading: Reading = AS_IT_IS


@dataclass(slots=True)
class SpooledReject:
    """A rejected row: `row` counts from 0 within the part; offset and length are in the rejects spool."""

    row: int
    code: str
    detail: str
    offset: int
    length: int


@dataclass(slots=True)
class PartResult:
    """What became of one part. `positions` counts blank lines too, `read` does not.

    Of the rows that were kept, `preferences` counts the pairs and `labelled` those with a KTO label.
    `uses` counts the rows that were kept by the columns that they fill. `blank` are positions of no row.
    """

    spool: int = 0
    positions: int = 0
    read: int = 0
    preferences: int = 0
    labelled: int = 0
    lines: Ledger = field(default_factory=Ledger)
    bad: list[SpooledReject] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    repaired: Counter[str] = field(default_factory=Counter)
    uses: Counter[ColumnUse] = field(default_factory=Counter)
    warned: WarnedRows = field(default_factory=WarnedRows)


def spool_path(spool_dir: Path, spool: int) -> Path:
    """Return the file that worker `spool` (its process id) writes records to."""
    return spool_dir / f"records-{spool}"


def rejects_path(spool_dir: Path, spool: int) -> Path:
    """Return the file that worker `spool` writes the raw text of rejected rows to."""
    return spool_dir / f"rejects-{spool}"


class Spool:
    """A file that one process appends to; counts its position without a system call."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("ab", _BUFFER)
        self.end = self.file.tell()

    def write(self, content: bytes) -> int:
        """Append bytes and return the offset they begin at."""
        start = self.end
        self.file.write(content)
        self.end += len(content)
        return start


class Worker:
    """Converts parts in one process; its records and rejected rows go to spool files of its own."""

    def __init__(self, options: WorkerOptions) -> None:
        self.options = options
        self.format = FORMATS[options.format]
        self.rules = choose_rules(options.allow_special)
        self.spool = os.getpid()
        self.records = Spool(spool_path(options.spool_dir, self.spool))
        self.rejects = Spool(rejects_path(options.spool_dir, self.spool))
        self.waiting: list[HashedRecord] = []
        self.waiting_rows: list[int] = []
        self.uses: list[UseCount] = []
        self.row = 0
        self.readers: dict[str, CleanRowReader] = {}

    def run(self, task: PartTask) -> PartResult:
        """Convert one part. Raises OSError when the spool cannot be written (a full disk)."""
        result = PartResult(spool=self.spool)
        self.uses, self.row = [], 0
        converter = converters.get(task.converter)
        reader = self._clean_rows(task, converter)
        for item in rows(task.part):
            if task.limit is not None and result.read == task.limit:
                break
            if item is None:
                result.blank.append(result.positions)
            elif reader is None or type(item) is not dict or not self._write_clean(item, reader, result):
                self._convert_row(item, task.roles, converter.convert, result)
                if self.options.stop_on_bad and result.bad and is_fault(result.bad[-1].code):
                    break
            result.positions += 1
        self._settle(result)
        for _, use, count in sorted([*self.uses, *(reader.take_uses() if reader else ())]):
            result.uses[use] += count
        self.records.file.flush()
        self.rejects.file.flush()
        return result

    def close(self) -> None:
        """Close the spool files."""
        self.records.file.close()
        self.rejects.file.close()

    def _clean_rows(self, task: PartTask, converter: converters.Converter) -> CleanRowReader | None:
        """Return the reader of clean rows; None where columns have roles, or every text is to be repaired."""
        is_plain = not task.roles and not self.options.reading.unescape
        if not is_plain or not (converter.flat or converter.messages):
            return None
        return self.readers.setdefault(converter.name, CleanRowReader(converter))

    def _write_clean(self, row: Row, reader: CleanRowReader, result: PartResult) -> bool:
        """Write a row that needs to be trimmed at most; return whether it is one."""
        repairs: set[str] = set()
        clean = reader.read(row, result.positions, repairs)
        if clean is None:
            return False
        result.read += 1
        self._keep(write_clean(clean, self.format, self.options.turns, self.options.seed), result)
        if repairs:
            result.repaired.update(repairs)
        return True

    def _convert_row(
        self, item: Row | BadRow, roles: Roles, converter: converters.Convert, result: PartResult
    ) -> None:
        result.read += 1
        try:
            row = source_row(item, roles, self.options.reading)
            conversations = list(convert_row(row, converter, self.rules))
            write, turns = self.format.write, self.options.turns
            records = [record for conversation in conversations for record in write(conversation, turns)]
        except Reject as reject:
            content = orjson.dumps(item.raw if isinstance(item, BadRow) else item, default=str)
            place = self.rejects.write(content)
            result.bad.append(
                SpooledReject(result.positions, reject.code, reject.detail, place, len(content))
            )
        else:
            if is_provenance(row.peek(PROVENANCE)):
                row.get(PROVENANCE)
                result.lines.generated.append(self.row)
            self._keep_conversation(conversations[0], records, result)
            result.warned.note(conversations, result.positions)
            self.uses.append((result.positions, row.use(), 1))

    def _keep_conversation(
        self, conversation: Conversation, records: list[WrittenRecord], result: PartResult
    ) -> None:
        self._keep(hash_records(conversation.turns[0].content, records, self.options.seed), result)
        if conversation.rejected:
            result.preferences += 1
        if conversation.label is not None:
            result.labelled += 1
        if conversation.repairs:
            result.repaired.update(conversation.repairs)

    def _keep(self, records: Iterable[HashedRecord], result: PartResult) -> None:
        """Take the records of one row in."""
        for record in records:
            self.waiting.append(record)
            self.waiting_rows.append(self.row)
        self.row += 1
        if len(self.waiting) >= _TOGETHER:
            self._settle(result)

    def _settle(self, result: PartResult) -> None:
        """Spool the records that wait, and note them in the ledger, in the order of `LedgerLine`."""
        if not self.waiting:
            return
        lines, *values = zip(*self.waiting, strict=True)
        lengths = list(map(len, lines))
        start = self.records.write(b"".join(lines))
        offsets = accumulate(lengths[:-1], initial=start)
        spools = repeat(self.spool, len(lines))
        result.lines.add_columns((spools, self.waiting_rows, offsets, lengths, *values))
        self.waiting.clear()
        self.waiting_rows.clear()
