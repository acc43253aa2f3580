"""The files that a conversion writes: who owns them, what stands in them, and what registers them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import orjson
import xxhash

from lf_qwen3 import dataset_info, manifest
from lf_qwen3.errors import UsageError
from lf_qwen3.formats import FORMATS, answers
from lf_qwen3.job import ConvertOptions, Progress
from lf_qwen3.keys import folded_answer
from lf_qwen3.pipeline import Bad, rejects_path, spool_path
from lf_qwen3.reasons import REJECTED
from lf_qwen3.writers import Stage, copy_ranges

if TYPE_CHECKING:
    import polars as pl

SPLITS = ("train", "val", "test")


class BadPlace(NamedTuple):
    """A rejected row: its file, its row there (from 1), and where its text was spooled."""

    file: int
    row: int
    spool: int
    bad: Bad


@dataclass(slots=True)
class Written:
    """The files of one run by key (train, val, test, rejected, manifest), and the hash of each."""

    files: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)


def file_names(name: str) -> dict[str, str]:
    """Return every file that a dataset called `name` may own, by key."""
    return {
        **{split: f"{name}_{split}.jsonl" for split in SPLITS},
        "rejected": f"{name}.rejected.jsonl",
        "manifest": manifest.file_name(name),
    }


def require_free(options: ConvertOptions, sources: list[Path]) -> None:
    """Raise `UsageError` if a file to write is a source or another's; --replace allows it."""
    if options.replace or not options.dataset_dir.is_dir():
        return
    folder = options.dataset_dir.resolve()
    own = manifest.owned_files(folder, options.name)
    others = manifest.owners(folder, but=options.name)
    real_sources = {source.resolve() for source in sources}
    for file in file_names(options.name).values():
        path = folder / file
        if path in real_sources:
            raise UsageError(
                f"{file} is a source and would be written over", "choose another --name, or --replace"
            )
        if path.exists() and file not in own:
            owner = others.get(file)
            whose = f"belongs to the dataset {owner}" if owner else "was not written by lf-qwen3"
            raise UsageError(
                f"{options.dataset_dir / file} is there already and {whose}",
                "choose another --name, or --replace",
            )


def write(
    options: ConvertOptions,
    stage: Path,
    splits: dict[str, pl.DataFrame],
    bad: list[BadPlace],
    names: list[str],
    progress: Progress | None,
) -> Written:
    """Write the splits and the rejected rows into the stage."""
    written = Written()
    files = file_names(options.name)
    total = sum(int(rows["length"].sum()) for rows in splits.values())
    done = 0
    for split, rows in splits.items():
        if options.format == "alpaca":
            rows = _history_first(rows)
        written.files[split] = files[split]
        digest = xxhash.xxh3_128()
        with (stage / files[split]).open("wb") as target:
            for block in copy_ranges(_runs(stage, rows), target):
                digest.update(block)
                done += len(block)
                if progress:
                    progress("writing", done, total)
        written.hashes[files[split]] = digest.hexdigest()
    written.files["rejected"] = files["rejected"]
    written.hashes[files["rejected"]] = _write_rejected(stage, stage / files["rejected"], bad, names)
    written.files["manifest"] = files["manifest"]
    return written


def entries(options: ConvertOptions, files: dict[str, str], preference: bool) -> dict[str, dict[str, Any]]:
    """Return the dataset_info entries of the splits written."""
    chosen = FORMATS[options.format]
    return {
        Path(files[split]).stem: chosen.entry(files[split], preference) for split in SPLITS if split in files
    }


def commit(
    options: ConvertOptions, stage: Stage, files: dict[str, str], made: dict[str, dict[str, Any]]
) -> None:
    """Put everything in place; what an earlier run of the same name left and this one did not make goes."""
    own = manifest.owned_files(options.dataset_dir, options.name)
    stale = [file for file in own if file not in files.values()]
    stale_entries = [Path(file).stem for file in stale if file.endswith(".jsonl")]
    replace = options.replace or bool(own)
    dataset_info.plan(options.dataset_dir, made, remove=stale_entries, replace=replace)
    stage.commit(list(files.values()), stale, made, stale_entries)


class AnswerReader:
    """Reads the answer of a ledger row back from the spool and hashes it normalised."""

    def __init__(self, spool_dir: Path) -> None:
        self.spool_dir = spool_dir
        self.files: dict[int, BinaryIO] = {}

    def __call__(self, row: dict[str, int]) -> int:
        """Return the hash of the row's last answer."""
        spool = row["spool"]
        if spool not in self.files:
            self.files[spool] = spool_path(self.spool_dir, spool).open("rb")
        self.files[spool].seek(row["offset"])
        lines = self.files[spool].read(row["length"]).splitlines()
        longest = max(lines, key=len)
        return folded_answer("\0".join(answers(longest)))


def _history_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Move the first row with a history to the front, so that HF datasets types the column by it."""
    import polars as pl

    at = rows["history"].arg_max()
    if not at:
        return rows
    return pl.concat([rows.slice(at, 1), rows.slice(0, at), rows.slice(at + 1)])


def _runs(stage: Path, rows: pl.DataFrame) -> Iterator[tuple[BinaryIO, int, int]]:
    """Merge adjoining ranges, so that whole stretches are copied at once."""
    import polars as pl

    ends = pl.col("offset") + pl.col("length")
    starts_run = (pl.col("offset") != ends.shift(1)) | (pl.col("spool") != pl.col("spool").shift(1))
    runs = (
        rows.select("spool", "offset", "length", run=starts_run.fill_null(True).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(pl.first("spool", "offset"), pl.sum("length"))
    )
    files = {spool: spool_path(stage, spool).open("rb") for spool in rows["spool"].unique()}
    for spool, offset, length in runs.select("spool", "offset", "length").iter_rows():
        yield files[spool], offset, length
    for file in files.values():
        file.close()


def _write_rejected(stage: Path, path: Path, bad: list[BadPlace], names: list[str]) -> str:
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


def _reason(bad: Bad) -> str:
    message = REJECTED[bad.code].message
    return f"{message}: {bad.detail}" if bad.detail else message
