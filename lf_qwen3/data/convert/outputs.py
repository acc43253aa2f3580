"""The files that a conversion writes: who owns them, what stands in them, and what registers them."""

from __future__ import annotations

from collections.abc import Mapping
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
from lf_qwen3.data import registry
from lf_qwen3.data.convert import manifest
from lf_qwen3.data.convert.formats import FORMATS, GOOD
from lf_qwen3.data.convert.keys import AnswerKeys, answer_keys
from lf_qwen3.data.convert.ledger import Ledger, Records
from lf_qwen3.data.convert.manifest import SPLITS, file_names
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.convert.ranges import Range, copy, hash_of
from lf_qwen3.data.convert.stage import Stage
from lf_qwen3.data.convert.worker import SpooledReject, rejects_path, spool_path
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.data.sources import SourceFile

_REPORT_EVERY = 1 << 20
_SYNC_EVERY = 64 << 20
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
    """The files of one run by key (train, val, test, rejected, rows, manifest), and the hash of each."""

    files: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)


def require_free(options: ConvertOptions, sources: list[SourceFile]) -> None:
    """Raise `UsageError` if a file to write is a source or another's; --replace allows it.

    Another's are the files of a dataset of this name that was made from other sources, too.
    """
    if options.replace or not options.dataset_dir.is_dir():
        return
    folder = options.dataset_dir.resolve()
    made = manifest.read(folder, options.name)
    own = made.files if made else ()
    real_sources = {source.path.resolve() for source in sources}
    for file in file_names(options.name).values():
        path = folder / file
        if path in real_sources:
            raise UsageError(
                f"{file} is a source and would be written over",
                "choose another --name, or --replace",
                code="source_overwritten",
            )
        if path.exists() and file not in own:
            raise UsageError(
                f"{options.dataset_dir / file} is there already and was not written by lf-qwen3",
                "choose another --name, or --replace",
                code="file_not_own",
            )
    if made and not made.is_made_from(sources):
        raise UsageError(
            f"{options.name} is there already: {made.thinking + made.plain:,} records, made from "
            f"{made.source_names}",
            "choose another --name, or put the new records in their place: --replace",
            code="dataset_exists",
        )


def write(
    options: ConvertOptions,
    stage: Path,
    lines: Ledger,
    splits: Mapping[str, Records],
    bad: list[RejectedPlace],
    names: list[str],
    progress: Progress,
) -> WrittenFiles:
    """Write the splits, in the order of their records, and the rejected rows into the stage.

    What is written is hashed, and brought to the disk, while the rest is being written.
    """
    written = WrittenFiles()
    files = file_names(options.name)
    total = sum(sum(map(lines.length.__getitem__, records)) for records in splits.values())
    done = synced = reported = 0
    with ThreadPoolExecutor(2) as beside:
        hashes: dict[str, Future[str]] = {}
        syncs: list[Future[None]] = []
        for split, records in splits.items():
            ranges = _ranges(stage, lines, records)
            written.files[split] = files[split]
            hashes[files[split]] = beside.submit(hash_of, ranges)
            for count in copy(ranges, stage / files[split]):
                done += count
                if done - synced > _SYNC_EVERY:
                    syncs.append(beside.submit(sync, stage / files[split]))
                    synced = done
                if done - reported >= _REPORT_EVERY or done == total:
                    progress.update(Status("writing", done, total, "bytes"))
                    reported = done
        written.hashes = {file: future.result() for file, future in hashes.items()}
        for finished in syncs:
            finished.result()
    written.files["rejected"] = files["rejected"]
    written.hashes[files["rejected"]] = _write_rejected(stage, stage / files["rejected"], bad, names)
    written.files["manifest"] = files["manifest"]
    return written


def count_good(stage: Path, splits: list[str], written: WrittenFiles) -> int:
    """Return how many records of KTO data are marked as good."""
    good = 0
    for split in splits:
        with (stage / written.files[split]).open("rb") as lines:
            good += sum(line.endswith(GOOD) for line in lines)
    return good


def entries(options: ConvertOptions, files: dict[str, str], kind: DatasetKind) -> dict[str, dict[str, Any]]:
    """Return the dataset_info entries of the splits written."""
    chosen = FORMATS[options.format]
    return {Path(files[split]).stem: chosen.entry(files[split], kind) for split in SPLITS if split in files}


def commit(
    options: ConvertOptions, stage: Stage, files: dict[str, str], made: dict[str, dict[str, Any]]
) -> tuple[list[str], list[str], tuple[str, ...]]:
    """Put everything in place; what an earlier run of the same name left and this one did not make goes.

    What a person wrote into an entry of that run beside the keys of ours stays (num_samples). Returns the
    files that were removed, the entries of dataset_info.json that were dropped, and what else was set right
    in it.
    """
    own = manifest.owned_files(options.dataset_dir, options.name)
    registered = registry.read_registry(options.dataset_dir, allow_mark=True) if own else {}
    made = {name: _by_hand(registered.get(name, {})) | entry for name, entry in made.items()}
    stale = [file for file in own if file not in files.values()]
    stale_entries = [Path(file).stem for file in stale if Path(file).stem in registered]
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


def put_history_first(lines: Ledger, records: Records) -> Records:
    """Move the first record with an alpaca history to the front: HF datasets types the column by it."""
    first = next(compress(records, map(lines.history.__getitem__, records)), None)
    return records if first is None else [first, *(record for record in records if record != first)]


def _ranges(stage: Path, lines: Ledger, records: Records) -> list[Range]:
    """Return where the records lie; adjoining ranges are one."""
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
            head = orjson.dumps(
                {
                    "file": names[place.file],
                    "row": place.row,
                    "code": place.bad.code,
                    "reason": _reason(place.bad),
                }
            )
            line = head[:-1] + b',"content":' + spools[place.spool].read(place.bad.length) + b"}\n"
            target.write(line)
            digest.update(line)
    for file in spools.values():
        file.close()
    return digest.hexdigest()


def _reason(bad: SpooledReject) -> str:
    message = REJECTED[bad.code].message
    return f"{message}: {bad.detail}" if bad.detail else message
