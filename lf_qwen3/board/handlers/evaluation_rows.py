"""The rows that changed most, side by side: the reference, the base, the tuned; thinking folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lf_qwen3.board.markup import Html, html, tag
from lf_qwen3.board.texts import Texts

_SORTS = ("improved", "fell", "sampled")


def groups(examples: Mapping[str, Any], runs: Sequence[str], texts: Texts) -> list[Html]:
    """Return one fold for each sort of rows that there is, the first unfolded: improved, fell, by chance."""
    there = [sort for sort in _SORTS if examples[sort]]
    return [_group(sort, examples[sort], runs, texts, is_open=sort == there[0]) for sort in there]


def _group(
    sort: str, rows: Sequence[Mapping[str, Any]], runs: Sequence[str], texts: Texts, *, is_open: bool
) -> Html:
    told = texts(f"evaluation.{sort}", count=len(rows), base=runs[0], tuned=runs[-1])
    content = [tag("summary", html(told)), *(_row(row, texts) for row in rows)]
    return tag("details", content, class_="lfq-fold", open="" if is_open else None)


def _row(row: Mapping[str, Any], texts: Texts) -> Html:
    change = row["change"]
    head = [tag("b", html(texts("evaluation.row", row=row["row"])))]
    head.append(tag("span", html(texts(f"evaluation.kind_{row['kind']}")), class_="lfq-badge"))
    if change is not None:
        tone = "better" if change > 0 else "worse" if change < 0 else "unclear"
        points = f"{change:+,.1f}".replace("-", "−")
        head.append(tag("span", html(texts("evaluation.points", points=points)), class_=f"lfq-{tone}"))
    reference = {"thinking": row["label_thinking"], "answer": row["label_answer"], "defects": ()}
    sides = [_side(texts("evaluation.reference"), reference, texts)]
    sides += [_side(one["run"], one, texts) for one in row["texts"]]
    question = tag("p", html(row["question"]), class_="lfq-question", dir="auto")
    return tag(
        "article",
        tag("div", head, class_="lfq-row-head"),
        question,
        tag("div", sides, class_="lfq-columns"),
        class_="lfq-row",
    )


def _side(title: str, text: Mapping[str, Any], texts: Texts) -> Html:
    """Return what one side wrote: its score, its defects, its thinking folded, its answer."""
    score = text.get("score")
    head = [tag("b", html(title))]
    if score is not None:
        head.append(tag("span", html(f"ROUGE-L {score:.1f}")))
    parts = [tag("div", head, class_="lfq-side-head")]
    parts += [
        tag("span", html(texts(f"evaluation.flag_{one}")), class_="lfq-badge lfq-warning")
        for one in text["defects"]
    ]
    if text["thinking"]:
        told = texts("evaluation.thinking", count=len(text["thinking"]))
        parts.append(
            tag("details", tag("summary", html(told)), _text(text["thinking"]), class_="lfq-thought")
        )
    parts.append(_text(text["answer"] or texts("evaluation.no_answer")))
    return tag("section", parts, class_="lfq-side")


def _text(content: str) -> Html:
    return tag("div", html(content), class_="lfq-said", dir="auto")
