"""A comparison as the page shows it: the figures of the report, texts cut short, the report as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.files import write_text
from lf_qwen3.board.handlers import places

if TYPE_CHECKING:
    from lf_qwen3.results.compare import Comparison
    from lf_qwen3.results.compare.named_run import NamedRun

LONGEST = 6000
"""Characters shown of one text of a row."""

_GROUPS = ("answer", "thinking", "both", "form", "length")


def show_comparison(comparison: Comparison) -> dict[str, Any]:
    """Return what is shown of a comparison of two runs; its report is written where the browser may fetch it.

    `kinds` counts the rows of each kind, `tables` hold measures (`compare.page.describe_measure`) of all rows
    and, where there are two, of each kind. `cut_references` counts the references that lost their end.
    `headline` decides; `clear_flags` are the flags whose change is clear. `answered` (a dataset), `folder`
    and `kept` (how many of the two runs were there already) describe earlier answers to the rows.
    """
    from lf_qwen3.results.compare import picture
    from lf_qwen3.results.compare.difference import deciding_differences
    from lf_qwen3.results.compare.measures import HEADLINE
    from lf_qwen3.results.compare.page import describe_groups, describe_measure

    pair = comparison.pairs[-1]
    base, tuned = comparison.runs[0].scored, comparison.runs[-1].scored
    values = zip(HEADLINE.values(base), HEADLINE.values(tuned), strict=True)
    histogram = picture.histogram([None if a is None or b is None else b - a for a, b in values])
    kinds = {kind: base.kinds.count(kind) for kind in comparison.kinds}
    tables = ("all", *kinds) if len(kinds) > 1 else ("all",)
    examples = comparison.as_json()["examples"]
    return {
        "rows": comparison.rows,
        "cut_references": _count_cut_references(comparison.base),
        "kinds": kinds,
        "runs": [run.name for run in comparison.runs],
        "headline": describe_measure(HEADLINE, pair.differences["all"][HEADLINE.key]),
        "clear_flags": [
            describe_measure(measure, difference)
            for measure, difference, outcome in deciding_differences(pair)
            if measure is not HEADLINE and outcome != "unclear"
        ],
        "tables": {kind: describe_groups(pair.differences[kind], _GROUPS) for kind in tables},
        "length_unit": base.length_unit,
        "plot_width": picture.WIDTH,
        "plot_edge": picture.EDGE,
        "histogram": asdict(histogram) if histogram else None,
        "examples": {name: list(map(_shorten_row, rows)) for name, rows in examples.items()},
        "notes": comparison.notes,
        "report": str(_write_report(comparison)),
        "answered": "",
        "folder": "",
        "kept": 0,
    }


def _count_cut_references(run: NamedRun) -> int:
    """Return how many references of a run were cut, 0 where neither its YAML nor a tokenizer is available."""
    from lf_qwen3.qwen3 import tokenizer_files
    from lf_qwen3.results.score import lengths, setting
    from lf_qwen3.trainer import yaml_reader

    known = setting.find_setting(run.path)
    settings = yaml_reader.read(known.config).settings if known.config else {}
    tokenizer = tokenizer_files.load(known.tokenizer) if known.tokenizer else None
    return lengths.count_cut_labels(run.rows, tokenizer, settings.get("cutoff_len"))


def _shorten_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with every text cut short."""
    texts = [
        {**text, "thinking": shorten(text["thinking"]), "answer": shorten(text["answer"])}
        for text in row["texts"]
    ]
    long = ("question", "label_thinking", "label_answer")
    return {**row, **{name: shorten(row[name]) for name in long}, "texts": texts}


def shorten(text: str) -> str:
    """Return the beginning of a text that is longer than `LONGEST`."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} [… {len(text) - LONGEST:,} …]"


def _write_report(comparison: Comparison) -> Path:
    """Write the page to where the browser may fetch it; the same comparison gives the same file."""
    import xxhash

    from lf_qwen3.results.compare import page

    text = page.render_page(comparison)
    path = places.uploads() / "lf-qwen3" / xxhash.xxh3_128_hexdigest(text.encode()) / "report.html"
    write_text(path, text)
    return path
