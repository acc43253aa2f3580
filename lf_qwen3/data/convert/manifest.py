"""The manifest beside a dataset: what it was made from, how, and which files are its own.

It holds no time and no machine, so that the same input, options and seed give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lf_qwen3 import __version__
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.storage import is_store, version_of
from lf_qwen3.data.convert.ranges import Range, hash_of
from lf_qwen3.data.converters.roles import write_roles
from lf_qwen3.data.sources import SourceFile

if TYPE_CHECKING:
    from lf_qwen3.data.convert.options import ConvertOptions, ConvertSource
    from lf_qwen3.data.convert.report import ConversionReport

SPLITS = ("train", "val", "test")
_SPLIT = rf"(?P<split>{'|'.join(SPLITS)})(?:/[0-9]{{5,}})?\.jsonl"
_OWN = re.compile(rf"_{_SPLIT}|\.(?:rejected\.jsonl|rows\.bin|manifest\.json)")
_OWN_OF_RUN = re.compile(rf"\.[0-9a-f]{{12}}/(?:{_SPLIT}|rejected\.jsonl|rows\.bin)")
MANIFEST_END = ".manifest.json"
_OPTIONS = ("format", "turns", "limit", "val", "test", "mix", "by", "seed", "on_bad", "allow_special")
_READING = ("every", "as_text", "unescape")
"""Options that a manifest names only where they were given."""


class Manifest(NamedTuple):
    """What a manifest says of a dataset: its own files, how it treated turns, and how its records think.

    `files` holds only names that `split_of` knows. `thinking` and `plain` count records. `sources` are the
    paths of the files that it was made from, as they were named, each with its `digest_source`; `rows` are
    the rows of each, blank lines too, and `written` the records by split: () and {} in a manifest of an older
    version.
    `hashes` are the XXH3-128 of its own files by name.
    """

    files: tuple[str, ...]
    turns: str
    thinking: int
    plain: int
    sources: tuple[tuple[str, str], ...] = ()
    rows: tuple[int, ...] = ()
    written: Mapping[str, int] = {}
    hashes: Mapping[str, str] = {}

    @property
    def source_names(self) -> str:
        """The names of the sources, without their folders, in one line."""
        return ", ".join(dict.fromkeys(Path(path).name for path, _ in self.sources))

    def is_made_from(self, files: Iterable[SourceFile]) -> bool:
        """Return whether these are its sources: each known by its path, or else by its content."""
        left = dict(self.sources)
        others = [file for file in files if left.pop(file.label, None) is None]
        hashes = [digest_source(file.path) for file in others if left]
        return sorted(hashes) == sorted(left.values()) and len(others) == len(left)


def file_names(name: str, run: str = "", is_sharded: bool = False) -> dict[str, str]:
    """Return the files of a dataset called `name` by key, as they are called below the dataset folder.

    `run` is the name of a conversion to a store, where each has a separate folder. The splits of a sharded
    dataset are folders; `shard_name` names the files in them.
    """
    to_split, to_other = (f"{name}.{run}/", f"{name}.{run}/") if run else (f"{name}_", f"{name}.")
    return {
        **{split: to_split + split + ("" if is_sharded else ".jsonl") for split in SPLITS},
        "rejected": f"{to_other}rejected.jsonl",
        "rows": f"{to_other}rows.bin",
        "manifest": f"{name}{MANIFEST_END}",
    }


def shard_name(folder: str, number: int) -> str:
    """Return the name of a file of a sharded split, which are counted from 0."""
    return f"{folder}/{number:05d}.jsonl"


def split_of(name: str, file: str) -> str | None:
    """Return the split that a file of the dataset `name` belongs to, "" for none, None for another's file."""
    own = file.removeprefix(name)
    match = _OWN.fullmatch(own) or _OWN_OF_RUN.fullmatch(own) if own != file else None
    return (match["split"] or "") if match else None


def owns_place(name: str, place: str) -> bool:
    """Return whether a file, or the folder of a split, in the dataset folder is one of the dataset `name`."""
    return split_of(name, place) is not None or bool(split_of(name, shard_name(place, 0)))


def place_of(file: str) -> str:
    """Return the file, or the folder that it is in, as it is called in the dataset folder."""
    return file.partition("/")[0]


def digest_source(path: Path) -> str:
    """Return what tells the content of a source from another: the XXH3-128, or what a store says of it."""
    if is_store(path):
        return f"{version_of(path)}:{path.stat().st_size}"
    return hash_of([Range(path, 0, path.stat().st_size)])


def read(folder: Path, name: str) -> Manifest | None:
    """Return the manifest of a dataset, None when there is none.

    A manifest may come from anywhere, so a file that it lists is the dataset's own only under a name that
    `convert` gives. Raises `LfQwen3Error` ("manifest_broken") for a file that is not a manifest.
    """
    path = folder / file_names(name)["manifest"]
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        listed = [*map(str, content["files"].keys()), path.name]
        counts, sources = content["counts"], content.get("sources", ())
        return Manifest(
            tuple(file for file in listed if split_of(name, file) is not None),
            str(content["options"]["turns"]),
            int(counts["thinking"]),
            int(counts["plain"]),
            tuple(
                (str(source["path"]), str(source.get("version") or source["xxh3_128"])) for source in sources
            ),
            tuple(int(source["rows"]) for source in sources if "rows" in source),
            {str(split): int(count) for split, count in counts.get("written", {}).items()},
            {str(file): str(digest) for file, digest in content["files"].items()},
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LfQwen3Error(
            f"{path} is not a readable manifest of convert: {type(error).__name__}: {error}",
            "restore the file, or move it away: without it convert treats the files of the "
            "dataset as not its own and overwrites them only with --replace",
            code="manifest_broken",
        ) from error


def owned_files(folder: Path, name: str) -> tuple[str, ...]:
    """Return the files of dataset `name` that an earlier conversion wrote, the manifest included."""
    manifest = read(folder, name)
    return manifest.files if manifest else ()


_COUNTS = (
    *("read", "rows", "written", "rejected", "repaired", "duplicates", "duplicate_records", "conflicts"),
    *("left_out", "thinking", "plain", "good", "bad"),
)


def write(
    stage: Path,
    options: ConvertOptions,
    sources: Iterable[tuple[ConvertSource, str, int]],
    report: ConversionReport,
    hashes: Mapping[str, str],
) -> None:
    """Write the manifest of a run into its stage, with the XXH3-128 of what went in and what came out.

    `sources` are the files with the `digest_source` and the rows of each, blank lines too.
    """
    counts = asdict(report)
    content = {
        "tool": f"lf-qwen3 {__version__}",
        "name": options.name,
        "sources": [
            {
                "path": source.label,
                "converter": source.converter,
                **({"columns": write_roles(source.roles)} if source.roles else {}),
                **({"read_as": report.read_as[source.label]} if source.label in report.read_as else {}),
                "bytes": source.file.path.stat().st_size,
                "rows": rows,
                "version" if is_store(source.file.path) else "xxh3_128": digest,
            }
            for source, digest, rows in sources
        ],
        "options": {
            key: getattr(options, key)
            for key in (*_OPTIONS, *_READING)
            if key in _OPTIONS or getattr(options, key)
        },
        "columns": counts["columns"],
        "counts": {key: counts[key] for key in _COUNTS},
        "files": dict(hashes),
    }
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    (stage / file_names(options.name)["manifest"]).write_text(text, encoding="utf-8")
