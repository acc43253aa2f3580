"""The files that a conversion writes: who owns them, what is in them, and what registers them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

import orjson
import xxhash

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.files import sync
from lf_qwen3.base.progress import Progress, Status
from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.base.storage import is_store
from lf_qwen3.data import registry
from lf_qwen3.data.convert import manifest
from lf_qwen3.data.convert.formats import FORMATS, GOOD
from lf_qwen3.data.convert.keys import AnswerKeys, answer_keys
from lf_qwen3.data.convert.ledger import Ledger, Records
from lf_qwen3.data.convert.manifest import SPLITS, file_names
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.convert.ranges import Range, copy, hash_of
from lf_qwen3.data.convert.stage import Stage
from lf_qwen3.data.convert.store_stage import StoreStage
from lf_qwen3.data.convert.worker import SpooledReject, rejects_path, spool_path
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.data.sources import SourceFile

_REPORT_EVERY = 1 << 20
_SYNC_EVERY = 64 << 20
_LINES = ".jsonl"
_TRAINER_READS = ("s3://", "gs://", "gcs://")
_BY_HAND = ("num_samples",)
"""Keys of an entry that mean the same whatever the file holds, and that only a person sets."""


class RejectedPlace(NamedTuple):
    """A rejected row: its file, its row there (from 1), and where its text was spooled."""

    file: int
    row: int
    spool: int
    bad: SpooledReject


@dataclass(slots=True)
class WrittenFiles:
    """The files of one run by key (train, val, test, rejected, rows, manifest), and the hash of each.

    The file of a sharded split is a folder, and the hashes are those of the files in it. `source_digests` are
    the `digest_source` of the files that were read, `good` the KTO records that are marked so.
    """

    files: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    source_digests: list[str] = field(default_factory=list)
    good: int = 0


def require_free(options: ConvertOptions, sources: list[SourceFile]) -> None:
    """Raise `UsageError` if a file to write is a source or another's; --replace allows it.

    Another's are the files of a dataset of this name that was made from other sources, too.
    """
    if options.replace or not options.dataset_dir.is_dir():
        return
    folder = options.dataset_dir.resolve()
    made = manifest.read(folder, options.name)
    own = set(map(manifest.place_of, made.files)) if made else ()
    real_sources = {source.path.resolve() for source in sources}
    # Under the names of a store's runs there is nothing of others.
    names = {} if is_store(folder) else file_names(options.name, is_sharded=options.is_sharded)
    for file in names.values():
        path = folder / file
        if path in real_sources or real_sources & set(path.iterdir() if path.is_dir() else ()):
            raise UsageError(
                f"{file} is a source and would be overwritten",
                "use another --name, or --replace",
                code="source_overwritten",
            )
        if path.exists() and file not in own:
            raise UsageError(
                f"{options.dataset_dir / file} exists and was not written by lf-qwen3",
                "use another --name, or --replace",
                code="file_not_own",
            )
    if made and not made.is_made_from(sources):
        raise UsageError(
            f"{options.name} exists: {made.thinking + made.plain:,} records, made from {made.source_names}",
            "use another --name, or replace the records: --replace",
            code="dataset_exists",
        )


def write(
    files: Mapping[str, str],
    stage: Path,
    lines: Ledger,
    splits: Mapping[str, list[Records]],
    bad: list[RejectedPlace],
    labels: list[str],
    progress: Progress,
) -> WrittenFiles:
    """Write the splits, in the order of their records, and the rejected rows into the stage.

    `files` are the names to write by key. A split has one list of records, or several where it is to be a
    folder of that many files. What is written is hashed, and brought to the disk, while the rest is being
    written.
    """
    written = WrittenFiles()
    every = [(file, shard) for split in splits for file, shard in _name_shards(files[split], splits[split])]
    total = sum(sum(map(lines.length.__getitem__, records)) for _, records in every)
    done = synced = reported = 0
    with ThreadPoolExecutor(2) as beside:
        hashes: dict[str, Future[str]] = {}
        syncs: list[Future[None]] = []
        for file, records in every:
            ranges = _ranges(stage, lines, records)
            (stage / file).parent.mkdir(exist_ok=True)
            hashes[file] = beside.submit(hash_of, ranges)
            for count in copy(ranges, stage / file):
                done += count
                if done - synced > _SYNC_EVERY:
                    syncs.append(beside.submit(sync, stage / file))
                    synced = done
                if done - reported >= _REPORT_EVERY or done == total:
                    progress.update(Status("writing", done, total, "bytes"))
                    reported = done
        written.hashes = {file: future.result() for file, future in hashes.items()}
        for finished in syncs:
            finished.result()
    written.files = {key: files[key] for key in (*splits, "rejected", "manifest")}
    written.hashes[files["rejected"]] = _write_rejected(stage, stage / files["rejected"], bad, labels)
    return written


def _name_shards(file: str, shards: list[Records]) -> Iterator[tuple[str, Records]]:
    """Return the files of a split with the records of each."""
    if file.endswith(_LINES):
        return zip((file,), shards, strict=True)
    return ((manifest.shard_name(file, number), records) for number, records in enumerate(shards))


def cut_shards(lines: Ledger, records: Records, shard_bytes: int | None) -> list[Records]:
    """Cut the records of a split into runs of at least `shard_bytes`, the last one apart; None cuts nothing.

    HF datasets types a column by the first file that it meets, so where some record has an alpaca history,
    one is at the beginning of every shard; shards are longer where these are rare.
    """
    has_history = any(map(lines.history.__getitem__, records))
    if shard_bytes is None:
        return [_put_history_first(lines, records)]
    shards: list[Records] = []
    start = size = 0
    is_typed = not has_history
    for at, record in enumerate(records, 1):
        size += lines.length[record]
        is_typed = is_typed or bool(lines.history[record])
        if size >= shard_bytes and is_typed:
            shards.append(records[start:at])
            start, size, is_typed = at, 0, not has_history
    if start < len(records):
        left = records[start:]
        if shards and not is_typed:
            left = records[start - len(shards.pop()) :]
        shards.append(left)
    return [_put_history_first(lines, shard) for shard in shards]


def count_good(stage: Path, files: Iterable[str]) -> int:
    """Return how many records of KTO data in these files are marked as good."""
    good = 0
    for file in files:
        with (stage / file).open("rb") as lines:
            good += sum(line.endswith(GOOD) for line in lines)
    return good


def entries(options: ConvertOptions, files: dict[str, str], kind: DatasetKind) -> dict[str, dict[str, Any]]:
    """Return the dataset_info entries of the splits written.

    The trainer itself reads s3 and gs (read_cloud_json in its data/data_utils.py), by the whole URL. For
    other stores the entry names the file below the folder, as it will be where that is mounted or copied.
    """
    chosen = FORMATS[options.format]
    made = {f"{options.name}_{split}": chosen.entry(files[split], kind) for split in SPLITS if split in files}
    if str(options.dataset_dir).startswith(_TRAINER_READS):
        for entry in made.values():
            entry["cloud_file_name"] = str(options.dataset_dir / entry.pop("file_name"))
    return made


def commit(
    options: ConvertOptions, stage: Stage | StoreStage, files: dict[str, str], made: dict[str, dict[str, Any]]
) -> tuple[list[str], list[str], tuple[str, ...]]:
    """Put everything in place; what an earlier run of the same name left and this one did not make goes.

    What a person wrote into an entry of that run beside the keys of ours stays (num_samples). Returns the
    files that were removed, the entries of dataset_info.json that were dropped, and what else was set right
    in it.
    """
    own = manifest.owned_files(options.dataset_dir, options.name)
    places = dict.fromkeys(map(manifest.place_of, own))
    registered = registry.read_registry(options.dataset_dir, allow_mark=True) if own else {}
    made = {name: _by_hand(registered.get(name, {})) | entry for name, entry in made.items()}
    stale = [place for place in places if place not in map(manifest.place_of, files.values())]
    before = dict.fromkeys(f"{options.name}_{manifest.split_of(options.name, file)}" for file in own)
    stale_entries = [name for name in before if name in registered and name not in made]
    replace = options.replace or bool(own)
    change = registry.plan_change(options.dataset_dir, made, remove=stale_entries, replace=replace)
    removed = [file for file in stale if (options.dataset_dir / file).exists()]
    stage.commit(list(files.values()), stale, made, stale_entries)
    return removed, stale_entries, change.notes


def _by_hand(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in _BY_HAND if key in entry}


class AnswerReader:
    """Reads the answer of a record back from the spool and hashes it normalised; closes the spools."""

    def __init__(self, spool_dir: Path, lines: Ledger) -> None:
        self.spool_dir = spool_dir
        self.lines = lines
        self.files: dict[int, BinaryIO] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self.files.values():
            file.close()

    def __call__(self, record: int) -> AnswerKeys:
        """Return the hashes of what the record learns."""
        spool = self.lines.spool[record]
        if spool not in self.files:
            self.files[spool] = spool_path(self.spool_dir, spool).open("rb")
        self.files[spool].seek(self.lines.offset[record])
        return answer_keys(self.files[spool].read(self.lines.length[record]))


def _put_history_first(lines: Ledger, records: Records) -> Records:
    """Move the first record with an alpaca history to the front: HF datasets types the column by it."""
    first = next(compress(records, map(lines.history.__getitem__, records)), None)
    return records if first is None else [first, *(record for record in records if record != first)]


def _ranges(stage: Path, lines: Ledger, records: Records) -> list[Range]:
    """Return the byte ranges of the records; adjoining ranges are merged."""
    spans: list[tuple[int, int, int]] = []
    spool, start, end = 0, 0, 0
    columns = (lines.spool, lines.offset, lines.length)
    for own, at, length in zip(*(map(column.__getitem__, records) for column in columns), strict=True):
        if at != end or own != spool:
            spans.append((spool, start, end))
            spool, start = own, at
        end = at + length
    spans.append((spool, start, end))
    return [Range(spool_path(stage, spool), start, end - start) for spool, start, end in spans if end > start]


def _write_rejected(stage: Path, path: Path, bad: list[RejectedPlace], names: list[str]) -> str:
    spools: dict[int, BinaryIO] = {}
    digest = xxhash.xxh3_128()
    with path.open("wb") as target:
        for place in bad:
            if place.spool not in spools:
                spools[place.spool] = rejects_path(stage, place.spool).open("rb")
            spools[place.spool].seek(place.bad.offset)
            text = spools[place.spool].read(place.bad.length)
            line = write_rejected_row(names[place.file], place.row, place.bad, text)
            target.write(line)
            digest.update(line)
    for file in spools.values():
        file.close()
    return digest.hexdigest()


def write_rejected_row(label: str, row: int, bad: SpooledReject, text: bytes) -> bytes:
    """Return a rejected row as a line: its source, its row there (from 1), why, and the row itself."""
    head = orjson.dumps({"file": label, "row": row, "code": bad.code, "reason": _reason(bad)})
    return head[:-1] + b',"content":' + text + b"}\n"


def _reason(bad: SpooledReject) -> str:
    message = REJECTED[bad.code].message
    return f"{message}: {bad.detail}" if bad.detail else message
