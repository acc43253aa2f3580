"""Section Data: inspect a source, convert it, report the outcome of every row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypedDict, cast, get_args

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.base.progress import Progress
from lf_qwen3.board.handlers import places, record_marks, token_chart, tokenizers
from lf_qwen3.board.handlers.data_source import COLUMN_ROLES, shorten, write_columns
from lf_qwen3.board.handlers.token_chart import TokenChart
from lf_qwen3.board.texts import warning_shown
from lf_qwen3.data import converters, registry
from lf_qwen3.data.convert import manifest
from lf_qwen3.data.convert.formats import Turns
from lf_qwen3.data.convert.options import ConvertOptions, require_option

REJECTED_SHOWN = 100
LONGEST_NAME = 100
READING = ("unescape", "every", "as_text")
CUTOFF_LEN = 2048
"""The trainer's default, on a page without a Train tab."""


@dataclass(frozen=True, slots=True)
class ConversionForm:
    """The values of the section's elements as the browser sends them; an empty one may be None.

    `mix` is the share of thinking records; None or 0, which an empty field is to gradio, for no mixing.
    """

    paths: list[str] | None
    upload: list[str] | None
    converter: str | None
    name: str | None
    turns: str
    mix: float | None
    val: float | None
    test: float | None
    dataset_dir: str
    tokenizer: str | None = ""
    model: str = ""
    cutoff_len: int = CUTOFF_LEN
    question: str | None = ""
    thinking: str | None = ""
    answer: str | None = ""
    system: str | None = ""
    messages: str | None = ""
    reading: Sequence[str] | None = ()
    replace: bool = False

    @property
    def columns(self) -> str:
        """The columns that were given a role, as `--columns` writes them."""
        return write_columns({role: getattr(self, role) for role in COLUMN_ROLES})


class ConversionShown(TypedDict):
    """A `ConversionReport` in the names of its fields, and what the page shows beside it.

    `chart` shows the token lengths, or the notes `uncounted` say why there is none; `rejected_rows` are the
    first.
    """

    read: int
    written: dict[str, int]
    rows: dict[str, int]
    rejected: dict[str, int]
    repaired: dict[str, int]
    duplicates: int
    duplicate_records: int
    left_out: int
    thinking: int
    plain: int
    columns: dict[str, dict[str, dict[str, int]]]
    read_as: dict[str, str]
    files: dict[str, str]
    datasets: list[str]
    removed: list[str]
    warnings: list[dict[str, Any]]
    chart: TokenChart | None
    uncounted: list[dict[str, Any]]
    rejected_rows: list[dict[str, Any]]


class ReplacedShown(TypedDict):
    """A dataset that a conversion would replace: its records, and what it was made from."""

    name: str
    records: int
    sources: str


def registered(dataset_dir: str) -> list[str]:
    """Return the names of the datasets that are registered in a folder, [] if there is none yet.

    Raises `LfQwen3Error` for a folder outside the roots, and a dataset_info.json that cannot be read.
    """
    folder = places.require_inside(dataset_dir)
    return list(registry.read_registry(folder)) if folder.is_dir() else []


def find_replaced(form: ConversionForm) -> ReplacedShown | None:
    """Return the dataset of the chosen name that was made from other sources, None if there is none."""
    name = (form.name or "").strip()
    try:
        registry.check_name(name)
        made = manifest.read(places.require_inside(form.dataset_dir), name)
        if made is None or made.is_made_from(places.source_files(form.paths or [], form.upload or [])):
            return None
    except LfQwen3Error:  # `convert` says so
        return None
    return {"name": name, "records": made.thinking + made.plain, "sources": made.source_names}


def suggest_name(sources: Sequence[str]) -> str:
    """Return a name for a dataset made of these files or folders; "" where they suggest none."""
    stem = Path(next(iter(sources), "").rstrip("/")).name.split(".")[0]
    name = "".join(char if char.isalnum() or char in "_-" else "_" for char in stem)
    return name.strip("_")[:40]


def request(form: ConversionForm, is_demo: bool = False) -> dict[str, Any]:
    """Return the request for `convert`, every field checked.

    Raises `UsageError` for an invalid field, and in demo mode, where nothing is written.
    """
    places.refuse_demo(is_demo)
    name = (form.name or "").strip()
    if len(name) > LONGEST_NAME:
        raise UsageError(
            f"the name is longer than {LONGEST_NAME} characters", "use a shorter one", code="name_invalid"
        )
    registry.check_name(name)
    folder = places.require_inside(form.dataset_dir)
    files = places.source_files(form.paths or [], form.upload or [])
    prefix = f"{converters.get(form.converter).name}:" if form.converter else ""
    for option in ("val", "test", "mix"):
        require_option(option, getattr(form, option) or 0)
    if form.turns not in get_args(Turns):
        raise unknown_name("way to cut turns", form.turns, get_args(Turns))
    return {
        "sources": [f"{prefix}{file.label}" for file in files],
        "name": name,
        "dataset_dir": form.dataset_dir if Path(form.dataset_dir).resolve() == folder else str(folder),
        "columns": form.columns,
        "turns": form.turns,
        "mix": form.mix or None,
        "val": form.val or 0,
        "test": form.test or 0,
        "tokenizer": form.tokenizer or "",
        "model": form.model,
        "cutoff_len": int(form.cutoff_len),
        "reading": [option for option in READING if option in (form.reading or ())],
        "replace": form.replace,
    }


def convert(asked: Mapping[str, Any], progress: Progress) -> ConversionShown:
    """Convert and register, then count tokens; runs in a separate process. Raises what `convert` raises."""
    from lf_qwen3.base.worker_pool import count_workers
    from lf_qwen3.data.convert import convert as conversion

    given = {key: asked[key] for key in ("name", "turns", "mix", "val", "test", "replace")}
    given |= dict.fromkeys(asked["reading"], True)
    options = ConvertOptions(
        tuple(asked["sources"]),
        columns=(asked["columns"],) if asked["columns"] else (),
        dataset_dir=Path(asked["dataset_dir"]),
        workers=count_workers(),
        **given,
    )
    report = conversion.convert(options, progress)
    chart, uncounted = _count_tokens(report.datasets[0], asked, progress)
    rejected = _rejected_rows(Path(report.files["rejected"]))
    warnings, notes = (list(map(warning_shown, texts)) for texts in (report.warnings, uncounted))
    shown = asdict(report) | {"warnings": warnings, "chart": chart, "uncounted": notes}
    shown["rejected_rows"] = rejected
    return cast(ConversionShown, shown)


def _count_tokens(
    dataset: str, asked: Mapping[str, Any], progress: Progress
) -> tuple[TokenChart | None, list[str]]:
    """Return the token lengths of a dataset, or notes why there are none; the data is written already."""
    from lf_qwen3.base.worker_pool import count_workers
    from lf_qwen3.proof.check import check

    tokenizer, notes = tokenizers.find_or_explain(asked["tokenizer"], asked["model"])
    if notes:
        return None, notes
    cutoff_len = asked["cutoff_len"]
    report = check(
        asked["dataset_dir"],
        dataset,
        tokenizer=tokenizer,
        cutoff_len=cutoff_len,
        workers=count_workers(),
        progress=progress,
    )
    record_marks.keep(report)
    if dataset not in report.tokens:
        return None, report.notes
    return token_chart.draw(report.tokens[dataset]), []


def _rejected_rows(path: Path) -> list[dict[str, Any]]:
    """Return the first rejected rows, their content cut short."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        rows = [json.loads(line) for line in islice(lines, REJECTED_SHOWN)]
    return [row | {"file": Path(row["file"]).name, "content": shorten(row["content"])} for row in rows]
