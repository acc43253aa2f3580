"""Scores as a person reads them: a compact table."""

from __future__ import annotations

from collections.abc import Sequence

from lf_qwen3.results.score.result import DEFECTS, METRICS, PARTS, Figure, Scores

_TITLES = {"bleu-4": "BLEU-4", "rouge-1": "ROUGE-1", "rouge-2": "ROUGE-2", "rouge-l": "ROUGE-L"}
_RATES = {
    "well_formed": "think format kept",
    "unclosed_thinking": "thinking unclosed",
    "leaked_token": "control token leaked",
    "cut": "cut",
    "repetition": "repeats to the end",
    "empty_answer": "empty answer",
    "wrong_language": "wrong language",
}


def format_scores(scores: Scores) -> list[str]:
    """Return the table: similarity by part and kind, then rates and lengths by kind.

    A kind without rows is left out, and so is "all" if there is one kind only.
    """
    kinds = _kinds(scores)
    return [_title(scores), "", *_table(_similarity(scores, kinds)), "", *_table(_rates(scores, kinds))]


def _title(scores: Scores) -> str:
    rows = scores.summary.rows
    count = f"{rows['all']:,} predictions ({rows['thinking']:,} thinking, {rows['plain']:,} plain)"
    return f'{count}: means and shares with their 95 % intervals; "both" is what LLaMA-Factory reports'


def _kinds(scores: Scores) -> list[str]:
    rows = scores.summary.rows
    own = [kind for kind in ("thinking", "plain") if rows[kind]]
    return own if len(own) == 1 else ["all", *own]


def _similarity(scores: Scores, kinds: Sequence[str]) -> list[list[str]]:
    rows = [["", "rows", "", *_TITLES.values()]]
    for part in PARTS:
        for kind in kinds:
            figures = scores.summary.metrics[part][kind]
            if figures["bleu-4"].n and not (part == "thinking" and kind == "all"):
                first = "" if any(line[0] == part for line in rows) else part
                cells = [_mean(figures[name]) for name in METRICS]
                rows.append([first, kind, f"{figures['bleu-4'].n:,}", *cells])
    return rows


def _rates(scores: Scores, kinds: Sequence[str]) -> list[list[str]]:
    rows = [["", *kinds]]
    for name in ("well_formed", *DEFECTS):
        guessed = name == "cut" and scores.cut_evidence == "ending"
        title = "looks cut (a guess)" if guessed else _RATES[name]
        rows.append([title, *(_rate(scores.summary.rates[kind][name]) for kind in kinds)])
    for name in ("thinking", "answer"):
        title = f"{name}, {scores.length_unit} (label)"
        rows.append([title, *(_length(scores, kind, name) for kind in kinds)])
    return rows


def _mean(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    spread = "" if figure.low is None else f" [{figure.low:.1f}, {figure.high:.1f}]"
    return f"{figure.value:.2f}{spread}"


def _rate(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    return f"{figure.value:.1%} [{figure.low * 100:.1f}, {figure.high * 100:.1f}]"


def _length(scores: Scores, kind: str, name: str) -> str:
    figures = scores.summary.lengths[kind]
    ours, label = figures[name].value, figures[f"label_{name}"].value
    return "-" if ours is None or label is None else f"{ours:,.0f} ({label:,.0f})"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
