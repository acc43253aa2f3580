"""The report as Markdown: the same figures and rows, for an issue, a model card or a chat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lf_qwen3.results.compare import words
from lf_qwen3.results.compare.difference import Difference, Pair
from lf_qwen3.results.compare.examples import ExampleRow
from lf_qwen3.results.compare.measures import MEASURES, Measure

if TYPE_CHECKING:
    from lf_qwen3.results.compare.comparison import Comparison

MOST_CHARACTERS = 1500
ROWS = 3


def render_markdown(comparison: Comparison) -> str:
    """Return the report; texts of the data are in fenced blocks that they cannot close."""
    lines = [
        f"# {_plain(words.title(comparison))}",
        "",
        f"{comparison.rows:,} rows that every run answered.",
        "",
    ]
    lines += [f"- {_plain(note)}" for note in comparison.notes] + [""] * bool(comparison.notes)
    for pair in comparison.pairs:
        lines += _pair(comparison, pair)
    groups = {
        "Rows that improved most": comparison.examples.improved,
        "Rows that fell most": comparison.examples.fell,
        "Drawn at random": comparison.examples.sampled,
    }
    for title, rows in groups.items():
        lines += [f"## {title}", ""] * bool(rows)
        for row in rows[:ROWS]:
            lines += _row(row)
    lines += [
        "## How the figures were computed",
        "",
        *(line for paragraph in words.method(comparison) for line in (paragraph, "")),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _pair(comparison: Comparison, pair: Pair) -> list[str]:
    lines = [f"## {_plain(pair.other)} against {_plain(pair.base)}", ""]
    lines += [f"**{_plain(words.verdict(pair).text)}.** {_plain(words.counts(pair))}.", ""]
    lines += [f"- {point.outcome}: {_plain(point.text)}" for point in words.points(pair)]
    lines += [""] * bool(words.points(pair))
    kinds = comparison.kinds if len(comparison.kinds) > 1 else []
    for kind in ["all", *kinds]:
        lines += [f"### {kind} rows", ""] * bool(kinds) + _table(pair, pair.differences[kind])
    return lines


def _table(pair: Pair, by: dict[str, Difference]) -> list[str]:
    head = ("", _plain(pair.base), _plain(pair.other), "difference", "95 % interval", "wins / ties / losses")
    rows = [_line(measure, by[measure.key]) for measure in MEASURES if by[measure.key].n]
    return [_joined(head), "|---|--:|--:|--:|---|---|", *map(_joined, rows), ""]


def _line(measure: Measure, difference: Difference) -> Sequence[str]:
    name = measure.label if measure.group == "form" else f"{measure.group}: {measure.label}"
    name = f"length of the {measure.label}" if measure.group == "length" else name
    outcome = difference.outcome(measure)
    mark = "" if outcome == "unclear" else f" ({outcome})"
    counted = f"{difference.wins} / {difference.ties} / {difference.losses}"
    texts = words.cell_texts(measure, difference)
    return (
        name,
        texts.base,
        texts.other,
        texts.difference + mark,
        texts.interval,
        counted if measure.better != "neither" else "",
    )


def _joined(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(row: ExampleRow) -> list[str]:
    lines = [f"### Row {row.row} ({row.kind}, {words.signed(row.change)} points)", ""]
    lines += ["Question:", "", *_fenced(row.question), "Reference:", "", *_fenced(row.label_answer)]
    for written in row.texts:
        defects = (
            f" ({', '.join(words.DEFECTS[code] for code in written.defects)})" if written.defects else ""
        )
        lines += [f"{_plain(written.run)}{defects}:", "", *_fenced(written.answer)]
    return lines


def _fenced(text: str) -> list[str]:
    """Return a text in a fence longer than any it holds; what is cut off is counted."""
    shown = text[:MOST_CHARACTERS]
    more = [f"[{len(text) - len(shown):,} more characters]"] if len(text) > len(shown) else []
    fence = "`" * max(3, 1 + max((len(ticks) for ticks in re.findall(r"`+", shown)), default=0))
    return [f"{fence}text", shown, *more, fence, ""]


def _plain(text: str) -> str:
    """Return a text with what Markdown and HTML would take for markup put out of action."""
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(text.split()))
