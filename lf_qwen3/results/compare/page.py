"""The report as one HTML page: self-contained, no script, no network, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lf_qwen3 import __version__
from lf_qwen3.base import assets
from lf_qwen3.results.compare import picture, words
from lf_qwen3.results.compare.difference import Difference, Pair
from lf_qwen3.results.compare.examples import ExampleRow, RunText
from lf_qwen3.results.compare.measures import HEADLINE, MEASURES, Measure
from lf_qwen3.results.compare.named_run import NamedRun

if TYPE_CHECKING:
    from jinja2 import Environment

    from lf_qwen3.results.compare.comparison import Comparison

MOST_CHARACTERS = 6000
"""Of a single text the page shows so many; what is left out is counted."""

_SIMILAR, _FORM = ("answer", "thinking", "both"), ("form", "length")


def render_page(comparison: Comparison) -> str:
    """Return the page. Every text of the data is escaped; the same comparison gives the same page."""
    environment = _environment()
    kinds = " and ".join(f"{comparison.base.scored.kinds.count(kind):,} {kind}" for kind in comparison.kinds)
    return environment.get_template("report.html").render(
        title=words.title(comparison),
        subtitle=f"{comparison.rows:,} rows that every run answered: {kinds}",
        notes=comparison.notes,
        width=picture.WIDTH,
        edge=picture.EDGE,
        pairs=[
            _pair(comparison, pair, other)
            for pair, other in zip(comparison.pairs, comparison.runs[1:], strict=True)
        ],
        examples=_examples(comparison),
        footer=[*words.method(comparison), _files(comparison.runs)],
    )


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(assets.folder("web") / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _pair(comparison: Comparison, pair: Pair, other: NamedRun) -> dict[str, Any]:
    by = pair.differences["all"]
    headline, verdict = by[HEADLINE.key], words.verdict(pair)
    total = max(1, headline.n)
    bar = (("better", headline.wins), ("even", headline.ties), ("worse", headline.losses))
    first, last = HEADLINE.values(comparison.base.scored), HEADLINE.values(other.scored)
    changes = [None if a is None or b is None else b - a for a, b in zip(first, last, strict=True)]
    return {
        "base": pair.base,
        "other": pair.other,
        "headline": _cell(HEADLINE, headline),
        "said": f"{verdict.text}.",
        "points": [
            {"tone": picture.TONES[point.outcome], "text": point.text} for point in words.points(pair)
        ],
        "bar": [{"tone": tone, "share": round(100 * count / total, 2)} for tone, count in bar if count],
        "bar_said": words.counts(pair),
        "similarity": _groups(by, _SIMILAR),
        "form": _groups(by, _FORM),
        "length_unit": comparison.base.scored.length_unit,
        "kinds": _kinds(comparison, pair),
        "histogram": picture.histogram(changes),
    }


def _kinds(comparison: Comparison, pair: Pair) -> list[dict[str, Any]]:
    """Return the tables of thinking and plain rows apart, where there are both."""
    if len(comparison.kinds) < 2:
        return []
    return [
        {
            "title": f"{kind} rows alone ({comparison.base.scored.kinds.count(kind):,})",
            "similarity": _groups(pair.differences[kind], _SIMILAR),
            "form": _groups(pair.differences[kind], _FORM),
        }
        for kind in comparison.kinds
    ]


def _groups(by: dict[str, Difference], names: Iterable[str]) -> list[dict[str, Any]]:
    """Return the rows of a table under their titles; what no row has a value for is left out."""
    groups = []
    scale = picture.around_zero(
        [difference for key, difference in by.items() if key.partition("/")[0] in _SIMILAR]
    )
    for name in names:
        cells = [
            _cell(measure, by[measure.key], scale)
            for measure in MEASURES
            if measure.group == name and by[measure.key].n
        ]
        if cells:
            plot = {"form": "share", "length": ""}.get(name, "change")
            groups.append({"title": words.GROUPS[name], "plot": plot, "cells": cells})
    return groups


def _cell(measure: Measure, difference: Difference, scale: picture.Scale | None = None) -> dict[str, Any]:
    """Return one line of a table: its figures, and the places of its marks."""
    change, is_share = scale or picture.around_zero([difference]), measure.group == "form"
    return {
        "label": measure.label,
        "base": difference.base,
        "other": difference.other,
        "value": difference.value,
        "low": difference.low,
        "high": difference.high,
        "digits": 0 if measure.group == "length" else 1,
        "unit": words.unit(measure),
        "tone": picture.TONES[difference.outcome(measure)],
        "is_headline": measure is HEADLINE,
        "zero": change.x(0),
        "x": picture.SHARES.x(difference.other) if is_share else change.x(difference.value),
        "x_base": picture.SHARES.x(difference.base),
        "x_low": change.x(difference.low),
        "x_high": change.x(difference.high),
    }


def _examples(comparison: Comparison) -> list[dict[str, Any]]:
    first, last = comparison.base.name, comparison.runs[-1].name
    groups = (
        (
            "Rows that improved most",
            f"Where {last} comes closest to the reference, seen from {first}.",
            "improved",
        ),
        ("Rows that fell most", f"Where {last} moves furthest away from the reference.", "fell"),
        ("Drawn by chance", "Some of the other rows, drawn with a fixed seed.", "sampled"),
    )
    rows = ((title, said, getattr(comparison.examples, name)) for title, said, name in groups)
    return [
        {"title": title, "said": said, "rows": list(map(_row, shown))} for title, said, shown in rows if shown
    ]


def _row(shown: ExampleRow) -> dict[str, Any]:
    tone = "" if not shown.change else "better" if shown.change > 0 else "worse"
    label = RunText("reference", shown.label_thinking, shown.label_answer, None, ())
    return {
        "row": shown.row,
        "kind": shown.kind,
        "change": shown.change,
        "tone": tone,
        "question": _cut(shown.question),
        "sides": [_side(written) for written in (label, *shown.texts)],
    }


def _side(text: RunText) -> dict[str, Any]:
    return {
        "title": text.run,
        "score": text.score,
        "defects": [words.DEFECTS[code] for code in text.defects],
        "thinking": _cut(text.thinking),
        "answer": _cut(text.answer),
    }


def _cut(text: str) -> dict[str, Any]:
    shown = text[:MOST_CHARACTERS]
    return {"shown": shown, "left_out": len(text) - len(shown), "length": len(text)}


def _files(runs: Sequence[NamedRun]) -> str:
    named = "; ".join(f"{run.name} is {run.path}" for run in runs)
    return f"Made by lf-qwen3 {__version__}: {named}."
