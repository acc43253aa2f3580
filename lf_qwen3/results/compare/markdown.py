"""The report as Markdown: the same figures and rows, for an issue, a model card or a chat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lf_qwen3.results.compare import words
from lf_qwen3.results.compare.changed import Shown
from lf_qwen3.results.compare.comparison import Comparison
from lf_qwen3.results.compare.difference import Difference, Pair
from lf_qwen3.results.compare.measures import MEASURES, Measure

MOST_CHARACTERS = 1500
ROWS = 3


def text(found: Comparison) -> str:
    """Return the report; texts of the data stand in fenced blocks that they cannot close."""
    lines = [f"# {_plain(words.title(found))}", "", f"{found.rows:,} rows that every run answered.", ""]
    lines += [f"- {_plain(note)}" for note in found.notes] + [""] * bool(found.notes)
    for pair in found.pairs:
        lines += _pair(found, pair)
    groups = {
        "Rows that improved most": found.examples.improved,
        "Rows that fell most": found.examples.fell,
        "Drawn by chance": found.examples.sampled,
    }
    for title, rows in groups.items():
        lines += [f"## {title}", ""] * bool(rows)
        for row in rows[:ROWS]:
            lines += _row(row)
    lines += [
        "## How the figures came about",
        "",
        *(line for one in words.method(found) for line in (one, "")),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _pair(found: Comparison, pair: Pair) -> list[str]:
    lines = [f"## {_plain(pair.other)} against {_plain(pair.base)}", ""]
    lines += [f"**{_plain(words.verdict(pair).text)}.** {_plain(words.counts(pair))}.", ""]
    lines += [f"- {one.outcome}: {_plain(one.text)}" for one in words.points(pair)]
    lines += [""] * bool(words.points(pair))
    kinds = found.kinds if len(found.kinds) > 1 else []
    for kind in ["all", *kinds]:
        lines += [f"### {kind} rows", ""] * bool(kinds) + _table(pair, pair.differences[kind])
    return lines


def _table(pair: Pair, by: dict[str, Difference]) -> list[str]:
    head = ("", _plain(pair.base), _plain(pair.other), "difference", "95 % interval", "wins / ties / losses")
    rows = [_line(one, by[one.key]) for one in MEASURES if by[one.key].n]
    return [_joined(head), "|---|--:|--:|--:|---|---|", *map(_joined, rows), ""]


def _line(measure: Measure, one: Difference) -> Sequence[str]:
    digits, unit = (0 if measure.group == "length" else 1), words.unit(measure)
    name = measure.label if measure.group == "form" else f"{measure.group}: {measure.label}"
    name = f"length of the {measure.label}" if measure.group == "length" else name
    outcome = one.outcome(measure)
    mark = "" if outcome == "unclear" else f" ({outcome})"
    counted = f"{one.wins} / {one.ties} / {one.losses}" if measure.better != "neither" else ""
    return (
        name,
        words.number(one.base, digits) + unit,
        words.number(one.other, digits) + unit,
        words.signed(one.value, digits) + mark,
        words.span(one, digits),
        counted,
    )


def _joined(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(row: Shown) -> list[str]:
    lines = [f"### Row {row.row} ({row.kind}, {words.signed(row.change)} points)", ""]
    lines += ["Question:", "", *_fenced(row.question), "Reference:", "", *_fenced(row.label_answer)]
    for one in row.texts:
        found = f" ({', '.join(words.DEFECTS[code] for code in one.defects)})" if one.defects else ""
        lines += [f"{_plain(one.run)}{found}:", "", *_fenced(one.answer)]
    return lines


def _fenced(text: str) -> list[str]:
    """Return a text in a fence longer than any it holds; what is cut off is counted."""
    shown = text[:MOST_CHARACTERS]
    more = [f"[{len(text) - len(shown):,} more characters]"] if len(text) > len(shown) else []
    fence = "`" * max(3, 1 + max((len(one) for one in re.findall(r"`+", shown)), default=0))
    return [f"{fence}text", shown, *more, fence, ""]


def _plain(text: str) -> str:
    """Return a text with what Markdown and HTML would take for markup put out of action."""
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(text.split()))
