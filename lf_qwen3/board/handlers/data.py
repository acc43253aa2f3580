"""Section Data: look at a source, convert it, tell what became of every row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board.handlers import places, tokenizers
from lf_qwen3.board.jobs import Job, Tell, TellProgress
from lf_qwen3.data import converters, registry, sources
from lf_qwen3.data.convert.options import ConvertOptions

ROWS_SHOWN = 3
REJECTED_SHOWN = 100
LONGEST_NAME = 100
CUTOFF_LEN = 2048
"""The trainer's default, on a page without a Train tab."""

_SMALL = 16 << 20
_PACKED = (".gz", ".zst")


@dataclass(frozen=True, slots=True)
class Form:
    """What the section's elements hold, as they come from the browser.

    `mix` is the share of thinking records; None or 0, which an empty field is to gradio, for no mixing.
    """

    paths: list[str]
    uploaded: list[str]
    converter: str
    name: str
    turns: str
    mix: float | None
    val: float | None
    test: float | None
    dataset_dir: str
    tokenizer: str = ""
    model: str = ""
    cutoff_len: int = CUTOFF_LEN


def converter_names() -> list[str]:
    """Return the names of all converters."""
    return list(converters.all_converters())


def look(paths: Sequence[str], uploaded: Sequence[str], converter: str) -> dict[str, Any]:
    """Return which converter fits each file, and the first rows of the first one.

    {"files": [(name, converter, bytes)], "columns": [...], "rows": [[text, ...], ...]}. Raises `UsageError`
    for a path, a file or a converter that will not do.
    """
    asked = {"paths": list(paths), "uploaded": list(uploaded), "converter": converter}
    files = places.source_files(asked["paths"], asked["uploaded"])
    if all(path.stat().st_size <= _SMALL and path.suffix not in _PACKED for path in files):
        return look_inside(asked, lambda what, done, total: None)
    found = [one for one in Job.start("data.look_inside", asked) if isinstance(one, dict)]
    return found[-1]


def look_inside(asked: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Do what `look` does; for files that may hold a row of any size it runs in a process of its own."""
    converter = asked["converter"]
    files = places.source_files(asked["paths"], asked["uploaded"])
    fitting = [(path.name, _converter_of(path, converter), path.stat().st_size) for path in files]
    file = sources.find_files(str(files[0]))[0]
    columns = sources.columns(file)
    items = chain.from_iterable(map(sources.rows, sources.cut(file)))
    rows = list(islice((one for one in items if isinstance(one, dict)), ROWS_SHOWN))
    return {
        "files": fitting,
        "columns": columns,
        "rows": [[_text(row.get(one)) for one in columns] for row in rows],
    }


def registered(dataset_dir: str) -> list[str]:
    """Return the names of the datasets that are registered in a folder, [] where that cannot be read."""
    try:
        return list(registry.read(places.require_inside(dataset_dir)))
    except LfQwen3Error:
        return []


def suggest_name(sources: Sequence[str]) -> str:
    """Return a name for a dataset made of these files or folders; "" where they suggest none."""
    stem = Path(next(iter(sources), "").rstrip("/")).name.split(".")[0]
    kept = "".join(one if one.isalnum() or one in "_-" else "_" for one in stem)
    return kept.strip("_")[:40]


def request(form: Form, is_demo: bool = False) -> dict[str, Any]:
    """Return what `convert` is asked for, every field checked.

    Raises `UsageError` for a field that will not do, and in demo mode, where nothing is written.
    """
    if is_demo:
        raise UsageError(
            "the board runs in demo mode, which changes nothing", "start it on a machine of your own"
        )
    name = form.name.strip()
    if len(name) > LONGEST_NAME:
        raise UsageError(f"the name is longer than {LONGEST_NAME} characters", "choose a shorter one")
    registry.check_name(name)
    folder = places.require_inside(form.dataset_dir)
    files = places.source_files(form.paths, form.uploaded)
    if form.converter:
        converters.get(form.converter)
    prefix = f"{form.converter}:" if form.converter else ""
    if form.turns not in ("unroll", "last", "all"):
        raise UsageError(f"no way to cut turns is called '{form.turns}'", "unroll, last, all")
    folder_name = form.dataset_dir if Path(form.dataset_dir).resolve() == folder else str(folder)
    return {
        "sources": [f"{prefix}{file}" for file in files],
        "name": name,
        "dataset_dir": folder_name,
        "turns": form.turns,
        "mix": form.mix or None,
        "val": form.val or 0,
        "test": form.test or 0,
        "tokenizer": form.tokenizer,
        "model": form.model,
        "cutoff_len": int(form.cutoff_len),
    }


def convert(asked: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Convert and register, then count tokens; runs in a process of its own.

    Returns the fields of `convert`'s report, and `tokens` (the figures of `checking`, {} where they could
    not be counted), `uncounted` (why), `rejected_rows` (the first ones). Raises what `convert` raises.
    """
    from lf_qwen3.data.convert import convert as conversion
    from lf_qwen3.data.convert.pool import count_workers

    options = ConvertOptions(
        sources=tuple(asked["sources"]),
        name=asked["name"],
        dataset_dir=Path(asked["dataset_dir"]),
        turns=asked["turns"],
        mix=asked["mix"],
        val=asked["val"],
        test=asked["test"],
        workers=count_workers(),
    )
    report = conversion.convert(options, tell)
    tokens, uncounted = _count_tokens(report.datasets[0], asked, tell)
    rejected = _rejected_rows(Path(report.files["rejected"]))
    return asdict(report) | {"tokens": tokens, "uncounted": uncounted, "rejected_rows": rejected}


def _count_tokens(dataset: str, asked: Mapping[str, Any], tell: Tell) -> tuple[dict[str, Any], str]:
    """Return the token figures of a dataset, or why there are none; the data is written already."""
    from lf_qwen3.proof.check import check

    place, why = tokenizers.find_or_say(asked["tokenizer"], asked["model"])
    if why:
        return {}, why
    report = check(
        asked["dataset_dir"],
        dataset,
        tokenizer=place,
        cutoff_len=asked["cutoff_len"],
        progress=TellProgress(tell),
    )
    return report.tokens.get(dataset, {}), "; ".join(report.notes) if dataset not in report.tokens else ""


def _rejected_rows(path: Path) -> list[dict[str, Any]]:
    """Return the first rejected rows, their content cut short."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        rows = [json.loads(line) for line in islice(lines, REJECTED_SHOWN)]
    return [row | {"file": Path(row["file"]).name, "content": _text(row["content"])} for row in rows]


def _converter_of(path: Path, named: str) -> str:
    if named:
        return converters.get(named).name
    return converters.detect(sources.columns(sources.find_files(str(path))[0]), path.name).name


def _text(value: Any, most: int = 120) -> str:
    """Return a value of a row on one line, cut short."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    flat = " ".join(text[: 4 * most].split())
    return flat[:most] + ("…" if len(flat) > most or len(text) > 4 * most else "")
