"""A comparison as the page keeps it: plain values, texts cut short, and the report as a file to download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.files import write_text
from lf_qwen3.board.handlers import places

if TYPE_CHECKING:
    from lf_qwen3.results.compare import Comparison

LONGEST = 6000
"""Characters shown of one text of a row."""


def of(found: Comparison) -> dict[str, Any]:
    """Return a comparison of two runs.

    {"rows", "kinds": {kind: rows}, "runs": [names], "pair" as `compare --json` has it, "length_unit",
    "histogram" of the changed rows (None where there is none), "examples", "notes", "report": path}.
    """
    from lf_qwen3.results.compare import picture
    from lf_qwen3.results.compare.measures import HEADLINE

    told = found.as_json()
    base, tuned = found.runs[0].scored, found.runs[-1].scored
    values = zip(HEADLINE.values(base), HEADLINE.values(tuned), strict=True)
    histogram = picture.histogram([None if a is None or b is None else b - a for a, b in values])
    return {
        "rows": found.rows,
        "kinds": {kind: base.kinds.count(kind) for kind in found.kinds},
        "runs": [run.name for run in found.runs],
        "pair": told["pairs"][-1],
        "length_unit": base.length_unit,
        "histogram": asdict(histogram) if histogram else None,
        "examples": {name: list(map(_cut, rows)) for name, rows in told["examples"].items()},
        "notes": found.notes,
        "report": str(_report(found)),
    }


def _cut(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with every text cut short."""
    texts = [
        {**one, "thinking": _short(one["thinking"]), "answer": _short(one["answer"])} for one in row["texts"]
    ]
    long = ("question", "label_thinking", "label_answer")
    return {**row, **{name: _short(row[name]) for name in long}, "texts": texts}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} [… {len(text) - LONGEST:,} …]"


def _report(found: Comparison) -> Path:
    """Write the page to where the browser may fetch it; the same comparison gives the same file."""
    import xxhash

    from lf_qwen3.results.compare import page

    text = page.render_page(found)
    path = places.uploads() / "lf-qwen3" / xxhash.xxh3_128_hexdigest(text.encode()) / "report.html"
    write_text(path, text)
    return path
