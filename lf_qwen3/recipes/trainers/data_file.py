"""The file of rows beside a config: written, compared with LLaMA-Factory's ids, read again, put in place."""

from __future__ import annotations

import filecmp
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import xxhash

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.files import sync
from lf_qwen3.base.progress import NoProgress, Progress, Status
from lf_qwen3.data.registry.fingerprint import hash_file
from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.recipes.trainers.records import LeftOut, LocalDataset, render_rows
from lf_qwen3.recipes.trainers.rows import Fed, FedPieces, RowForm, TrainerRow, UnwritableError
from lf_qwen3.trainer.render import MASKED

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

_BATCH = 256
_OTHER_TOKENS = "as text it has other tokens"


@dataclass(frozen=True)
class RowsFile:
    """A file of rows to write: records of `datasets` in a row format, rendered by the recipe's `settings`.

    Of the records each `step`-th is validation (0: none is): `is_val` takes those, else the others.
    `tokenizer` is the folder of a tokenizer.json.
    """

    path: Path
    datasets: tuple[LocalDataset, ...]
    form: RowForm
    settings: Mapping[str, Any]
    tokenizer: Path
    step: int = 0
    is_val: bool = False


@dataclass
class RowCounts:
    """What became of the records: rows written, and the others by reason."""

    written: int = 0
    left: Counter[str] = field(default_factory=Counter)


class WrittenRows(NamedTuple):
    """A file of rows that was written and read again, at `temporary`, not yet at its place."""

    file: RowsFile
    temporary: Path
    counts: RowCounts

    def is_other(self) -> bool:
        """Return whether another content is at its place."""
        path = self.file.path
        return path.exists() and not filecmp.cmp(path, self.temporary, shallow=False)

    def put_in_place(self) -> list[str]:
        """Put the file at its place; return notes on records that became no row."""
        os.replace(self.temporary, self.file.path)
        left, name = self.counts.left, self.file.path.name
        return [
            f"{name}: {left.total()} of {left.total() + self.counts.written} records left "
            "out: " + "; ".join(f"{reason} ({count})" for reason, count in left.most_common())
        ] * bool(left)


@contextmanager
def write_all_rows(
    files: Sequence[RowsFile], progress: Progress = NoProgress()
) -> Iterator[list[WrittenRows]]:
    """Write the rows of all files beside their places; what was not put in place is gone in the end."""
    written: list[WrittenRows] = []
    made = [folder for file in files for folder in file.path.parents if not folder.exists()]
    try:
        for step, file in enumerate(files, 1):
            progress.start(f"rows of {file.path.name}", step, len(files))
            written.append(write_rows(file, progress))
            progress.finish(f"{written[-1].counts.written:,} rows of {file.path.name}")
        yield written
    finally:
        for rows in written:
            rows.temporary.unlink(missing_ok=True)
        for folder in dict.fromkeys(made):
            with suppress(OSError):  # it holds something
                folder.rmdir()


def write_rows(file: RowsFile, progress: Progress = NoProgress()) -> WrittenRows:
    """Write all rows beside their place, each one compared with the record's ids, and read the file again.

    Raises `LfQwen3Error` where no row can be written, or the file does not hold what was written.
    """
    tokenizer = _load_tokenizer(file.tokenizer)
    file.path.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.path.with_name(f".{file.path.name}.{os.getpid()}.tmp")
    counts = RowCounts()
    try:
        writer = (_ParquetWriter if file.form.columns else _JsonWriter)(temporary, file.form.columns)
        for rows in _checked_batches(file, tokenizer, counts):
            writer.add(rows)
            progress.update(Status("rendered and compared", counts.written, unit="rows"))
        writer.close()
        sync(temporary)
        if not counts.written:
            raise _no_rows(file, counts)
        if not writer.is_intact():
            raise LfQwen3Error(f"{temporary} does not contain what was written", code="write_broken")
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return WrittenRows(file, temporary, counts)


def _no_rows(file: RowsFile, counts: RowCounts) -> LfQwen3Error:
    names = ", ".join(dataset.name for dataset in file.datasets)
    reasons = "; ".join(f"{reason} ({count})" for reason, count in counts.left.most_common(3))
    if reasons:
        return LfQwen3Error(f"{names}: no record can be written as a row", reasons, code="no_records")
    message = f"{names}: no record is left for {file.path.name}"
    return LfQwen3Error(
        message,
        "use more records, convert with --val, or train on all with --set val_size=0",
        code="no_records",
    )


_load_tokenizer = lru_cache(maxsize=1)(tokenizer_files.load)


def _checked_batches(
    file: RowsFile, tokenizer: Tokenizer, counts: RowCounts
) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows that feed exactly the record's ids and labels, batch by batch; count all."""
    chosen = _choose(file, tokenizer)
    while batch := list(islice(chosen, _BATCH)):
        checked = write_checked(file.form, batch, tokenizer)
        written = [row for row in checked if not isinstance(row, LeftOut)]
        counts.left.update(row for row in checked if isinstance(row, LeftOut))
        counts.written += len(written)
        yield written


def write_checked(
    form: RowForm, rows: Sequence[TrainerRow | LeftOut], tokenizer: Tokenizer
) -> list[dict[str, Any] | LeftOut]:
    """Return each record's row where the row feeds exactly its ids and labels, else why there is none."""
    written = [_write(form, row, tokenizer) for row in rows]
    parsed = [orjson.loads(orjson.dumps(row)) for row in written if not isinstance(row, LeftOut)]
    fed = iter(read_feeds(form, parsed, tokenizer))
    return [
        made
        if isinstance(made, LeftOut) or _is_same(form, row, next(fed), tokenizer)
        else LeftOut(_OTHER_TOKENS)
        for made, row in zip(written, rows, strict=True)
    ]


def _write(form: RowForm, row: TrainerRow | LeftOut, tokenizer: Tokenizer) -> dict[str, Any] | LeftOut:
    try:
        return row if isinstance(row, LeftOut) else form.write(row, tokenizer)
    except UnwritableError as error:
        return LeftOut(error)


def _is_same(form: RowForm, row: TrainerRow | LeftOut, fed: list[Fed], tokenizer: Tokenizer) -> bool:
    return not isinstance(row, LeftOut) and [form.fit(side, tokenizer) for side in row.sides] == fed


def _choose(file: RowsFile, tokenizer: Tokenizer) -> Iterator[TrainerRow | LeftOut]:
    for dataset in file.datasets:
        for number, row in enumerate(render_rows(dataset, file.settings, tokenizer), 1):
            if not file.step or (number % file.step == 0) == file.is_val:
                yield row


def read_feeds(form: RowForm, rows: Sequence[dict[str, Any]], tokenizer: Tokenizer) -> list[list[Fed]]:
    """Return what the trainer feeds of each row, side by side; all texts go through one call."""
    read = [form.read(row) for row in rows]
    sides = [side for row in read for side in row]
    texts = dict.fromkeys(
        text for side in sides for text in (_joint(side) if form.is_joint else _texts(side))
    )
    encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    ids = {text: encoding.ids for text, encoding in zip(texts, encodings, strict=True)}
    feed = _feed_joint if form.is_joint else _feed
    return [[feed(side, ids) for side in row] for row in read]


def _texts(side: FedPieces) -> list[str]:
    return [piece.content for piece in side if isinstance(piece.content, str)]


def _joint(side: FedPieces) -> list[str]:
    prompt, answer = _texts(side)
    return [prompt, prompt + answer]


def _feed(side: FedPieces, ids: Mapping[str, list[int]]) -> Fed:
    fed = Fed([], [])
    for content, is_learnt in side:
        tokens = ids[content] if isinstance(content, str) else content
        fed.input_ids.extend(tokens)
        fed.labels.extend(tokens if is_learnt else [MASKED] * len(tokens))
    return fed


def _feed_joint(side: FedPieces, ids: Mapping[str, list[int]]) -> Fed:
    """Feed one text; the prompt's tokens are masked as far as the whole begins with them."""
    prompt, whole = (ids[text] for text in _joint(side))
    border = next(
        (at for at, pair in enumerate(zip(prompt, whole, strict=False)) if pair[0] != pair[1]), None
    )
    border = len(prompt) if border is None else border
    return Fed(whole, [MASKED] * border + whole[border:])


class _JsonWriter:
    """Writes a line for each row; each was parsed and compared, so the bytes alone are read again."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path, self._hash = path, xxhash.xxh3_128()
        self._file = path.open("wb")

    def add(self, rows: list[dict[str, Any]]) -> None:
        text = b"".join(orjson.dumps(row) + b"\n" for row in rows)
        self._hash.update(text)
        self._file.write(text)

    def close(self) -> None:
        self._file.close()

    def is_intact(self) -> bool:
        return hash_file(self._path) == self._hash.hexdigest()


class _ParquetWriter:
    """Writes columns of lists of whole numbers."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._path, self._hash = path, xxhash.xxh3_128()
        self._schema = pa.schema([(column, pa.list_(pa.int64())) for column in columns])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def add(self, rows: list[dict[str, Any]]) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(rows, self._schema))
        self._update(self._hash, rows)

    def close(self) -> None:
        self._writer.close()

    def is_intact(self) -> bool:
        import pyarrow.parquet as pq

        again = xxhash.xxh3_128()
        for batch in pq.ParquetFile(self._path).iter_batches(_BATCH):
            self._update(again, batch.to_pylist())
        return again.digest() == self._hash.digest()

    def _update(self, digest: Any, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            digest.update(orjson.dumps([row[column] for column in self._schema.names]))
