"""The manifest beside a dataset: what it was made from, how, and which files are its own.

It holds no time and no machine, so that the same input, options and seed give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lf_qwen3 import __version__
from lf_qwen3.data.convert.options import ConvertOptions, Report, Source

_END = ".manifest.json"
_OPTIONS = ("format", "turns", "limit", "val", "test", "mix", "by", "seed", "on_bad", "allow_special")


def file_name(name: str) -> str:
    """Return the manifest's file name for a dataset."""
    return name + _END


def read(folder: Path, name: str) -> dict[str, Any] | None:
    """Return the manifest of a dataset, or None when there is none that can be read."""
    try:
        found = json.loads((folder / file_name(name)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def owned_files(folder: Path, name: str) -> list[str]:
    """Return the files that the manifest of `name` lists as its own, itself included."""
    found = read(folder, name)
    return [*found.get("files", {}), file_name(name)] if found else []


def owners(folder: Path, but: str) -> dict[str, str]:
    """Return file name -> dataset for the files that the other manifests of a folder own."""
    names = [path.name[: -len(_END)] for path in sorted(folder.glob(f"*{_END}"))]
    return {file: name for name in names if name != but for file in owned_files(folder, name)}


def write(
    stage: Path,
    options: ConvertOptions,
    found: Mapping[Source, str],
    report: Report,
    hashes: Mapping[str, str],
) -> None:
    """Write the manifest of a run into its stage, with the XXH3-128 of what went in and what came out."""
    counts = asdict(report)
    kept = (
        "read",
        "rows",
        "written",
        "rejected",
        "repaired",
        "duplicates",
        "conflicts",
        "left_out",
        "thinking",
        "plain",
    )
    content = {
        "tool": f"lf-qwen3 {__version__}",
        "name": options.name,
        "sources": [
            {
                "path": source.label,
                "converter": source.converter,
                "bytes": source.file.path.stat().st_size,
                "xxh3_128": digest,
            }
            for source, digest in found.items()
        ],
        "options": {key: getattr(options, key) for key in _OPTIONS},
        "counts": {key: counts[key] for key in kept},
        "files": dict(hashes),
    }
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    (stage / file_name(options.name)).write_text(text, encoding="utf-8")
