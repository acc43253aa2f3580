"""The report as one HTML page: self-contained, no script, no network, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lf_qwen3 import __version__
from lf_qwen3.base import assets
from lf_qwen3.results.compare import picture, words
from lf_qwen3.results.compare.difference import Difference, Pair
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
        examples=comparison.examples,
        first=comparison.base.name,
        last=comparison.runs[-1].name,
        defect_names=words.DEFECTS,
        most_characters=MOST_CHARACTERS,
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
        "headline": describe_measure(HEADLINE, headline),
        "said": f"{verdict.text}.",
        "points": words.points(pair),
        "bar": [{"tone": tone, "share": round(100 * count / total, 2)} for tone, count in bar if count],
        "bar_said": words.counts(pair),
        **_tables(by),
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
            **_tables(pair.differences[kind]),
        }
        for kind in comparison.kinds
    ]


def _tables(by: dict[str, Difference]) -> dict[str, Any]:
    return {"similarity": describe_groups(by, _SIMILAR), "form": describe_groups(by, _FORM)}


def describe_groups(by: dict[str, Difference], names: Iterable[str]) -> list[dict[str, Any]]:
    """Return the rows of a table by group of measures; what no row has a value for is left out."""
    groups = []
    scale = picture.around_zero(
        [difference for key, difference in by.items() if key.partition("/")[0] in _SIMILAR]
    )
    for name in names:
        cells = [
            describe_measure(measure, by[measure.key], scale)
            for measure in MEASURES
            if measure.group == name and by[measure.key].n
        ]
        if cells:
            plot = {"form": "share", "length": ""}.get(name, "change")
            groups.append({"name": name, "title": words.GROUPS[name], "plot": plot, "cells": cells})
    return groups


def describe_measure(
    measure: Measure, difference: Difference, scale: picture.Scale | None = None
) -> dict[str, Any]:
    """Return one line of a table: its figures, and the places of its marks in a plot `picture.WIDTH` wide."""
    change, is_share = scale or picture.around_zero([difference]), measure.group == "form"
    return {
        **asdict(difference),
        "name": measure.name,
        "label": measure.label,
        "better": measure.better,
        "outcome": difference.outcome(measure),
        "digits": words.digits_of(measure),
        "unit": words.unit(measure),
        "tone": picture.TONES[difference.outcome(measure)],
        "is_headline": measure is HEADLINE,
        "zero": change.x(0),
        "x": picture.SHARES.x(difference.other) if is_share else change.x(difference.value),
        "x_base": picture.SHARES.x(difference.base),
        "x_low": change.x(difference.low),
        "x_high": change.x(difference.high),
    }


def _files(runs: Sequence[NamedRun]) -> str:
    named = "; ".join(f"{run.name} is {run.path}" for run in runs)
    return f"Made by lf-qwen3 {__version__}: {named}."
