"""Where an entry says its data is."""

from __future__ import annotations

from pathlib import PurePath

from lf_qwen3.data.registry.names import ELSEWHERE
from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.proof.check.rules.registry.checked_entry import CheckedEntry

EXTENSIONS = {
    ".arrow": "arrow",
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".parquet": "parquet",
    ".txt": "text",
}
"""What LLaMA-Factory loads, by the end of the name (FILEEXT2TYPE in extras/constants.py)."""

_GOOD = CheckedEntry("a", {"file_name": "a.jsonl"})


@check(
    "missing_file",
    "error",
    "the data file does not exist",
    "LLaMA-Factory looks for file_name in the dataset_dir; correct the name, or download the file",
    good=_GOOD,
    bad=CheckedEntry("a", {"file_name": "gone.jsonl"}, files=None),
)
def missing_file(entry: CheckedEntry) -> CheckResult:
    """Require the file, or a folder that is not empty."""
    if not entry.is_local or entry.files or "file_name" not in entry.settings:
        return PASS
    what = str(entry.settings["file_name"])
    return Fault(what if entry.files is None else f"the folder {what} is empty", "file_name")


@check(
    "mixed_folder",
    "error",
    "the folder holds files of several types",
    "LLaMA-Factory refuses such a folder: keep files of one type and no hidden files, or name one file",
    good=CheckedEntry("a", {"file_name": "d"}, files=("d/a.json", "d/b.jsonl")),
    bad=CheckedEntry("a", {"file_name": "d"}, files=("d/a.jsonl", "d/README.md")),
)
def mixed_folder(entry: CheckedEntry) -> CheckResult:
    """Require one type that LLaMA-Factory loads for all files of a folder, hidden ones included."""
    names = [PurePath(name) for name in entry.files or ()]
    types = {EXTENSIONS.get(name.suffix) for name in names}
    if len(names) < 2 or len(types) == 1:
        return PASS
    strange = [name.name for name in names if name.suffix not in EXTENSIONS]
    return Fault(", ".join((strange or [name.name for name in names])[:3]), "file_name")


@check(
    "file_type",
    "error",
    "LLaMA-Factory does not load files with this ending",
    f"it loads {', '.join(EXTENSIONS)}; lf-qwen3 convert FILE --name NAME writes such a file",
    good=_GOOD,
    bad=CheckedEntry("a", {"file_name": "a.jsonl.gz"}, files=("a.jsonl.gz",)),
)
def file_type(entry: CheckedEntry) -> CheckResult:
    """Require an extension of FILEEXT2TYPE."""
    names = [PurePath(name) for name in entry.files or ()]
    unknown = [name.name for name in names if name.suffix not in EXTENSIONS]
    return Fault(unknown[0], "file_name") if unknown and len(unknown) == len(names) else PASS


@check(
    "not_local",
    "info",
    "the records are not on this disk and were not checked",
    "download the data, register the file, and check it",
    good=_GOOD,
    bad=CheckedEntry("a", {"hf_hub_url": "owner/name"}, files=None),
)
def not_local(entry: CheckedEntry) -> CheckResult:
    """Require a file here: no hub, script or bucket."""
    key = next((key for key in ELSEWHERE if key in entry.settings and not entry.files), "")
    return Fault(f"{key} {entry.settings[key]}", key) if key else PASS


@check(
    "unreadable_file",
    "error",
    "the file cannot be read",
    "download it again; lf-qwen3 convert FILE --name NAME reads more kinds of files than LLaMA-Factory does",
    good=_GOOD,
    bad=CheckedEntry("a", {"file_name": "a.jsonl"}, problem="this is a Git LFS pointer, not the data"),
)
def unreadable_file(entry: CheckedEntry) -> CheckResult:
    """Require that the file holds what its name says."""
    return Fault(entry.problem) if entry.problem else PASS


@check(
    "no_records",
    "error",
    "the file has no rows",
    "the trainer would stop (Cannot find valid samples); was the file truncated, or is it the wrong file?",
    good=CheckedEntry("a", {"file_name": "a.jsonl"}, head=[{"instruction": "q", "output": "a"}]),
    bad=CheckedEntry("a", {"file_name": "a.jsonl"}, head=[]),
)
def no_records(entry: CheckedEntry) -> CheckResult:
    """Require something to train on."""
    is_empty = entry.files and entry.is_read and not entry.head and not entry.problem
    return Fault("", "file_name") if is_empty else PASS
