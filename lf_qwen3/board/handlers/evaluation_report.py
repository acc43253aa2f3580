"""What section Evaluation shows: the verdict, the table with its charts, the rows that changed most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lf_qwen3.board.handlers import evaluation_charts as charts
from lf_qwen3.board.handlers.evaluation_rows import groups
from lf_qwen3.board.markup import Cell, Html, error, figures, html, paragraph, table, tag
from lf_qwen3.board.texts import Texts

if TYPE_CHECKING:
    from lf_qwen3.results.compare import Difference, Pair
    from lf_qwen3.results.compare.measures import Measure
    from lf_qwen3.results.compare.picture import Scale

State = Mapping[str, Any]

_KINDS = {"better": "good", "worse": "bad", "unclear": "note"}
_SHOWN = ("answer", "thinking", "both", "form", "length")


def comparison(state: State | None, texts: Texts) -> Html:
    """Return a comparison: verdict, figures, table, histogram, rows side by side, notes."""
    if state is None:
        return paragraph(texts("evaluation.no_comparison"), "empty")
    if "error" in state:
        return error(state["error"], state["hint"])
    pair = _pair(state["pair"])
    parts = [*_made(state, texts), *_verdict(pair, texts), _figures(state, pair, texts)]
    parts += [tag("h4", html(texts("evaluation.measures"))), _table(state, pair, "all", texts)]
    parts.append(paragraph(texts("evaluation.measures_note"), "note"))
    if len(state["kinds"]) > 1:
        parts += [_kind(state, pair, kind, texts) for kind in state["kinds"]]
    if state["histogram"]:
        parts += [tag("h4", html(texts("evaluation.changes"))), charts.changes(state["histogram"], texts)]
    parts += groups(state["examples"], state["runs"], texts)
    return tag("div", [*parts, *(paragraph(note, "note") for note in state["notes"])])


def _pair(told: Mapping[str, Any]) -> Pair:
    """Return the pair that `compare --json` tells of."""
    from lf_qwen3.results.compare import Difference, Pair

    differences = {
        kind: {
            key: Difference(
                value=one["difference"], **{name: one[name] for name in one if name != "difference"}
            )
            for key, one in by.items()
        }
        for kind, by in told["differences"].items()
    }
    return Pair(told["base"], told["other"], differences)


def _made(state: State, texts: Texts) -> list[Html]:
    """Say what was answered, where the work was done here."""
    if "answered" not in state:
        return []
    told = [texts("evaluation.answered", rows=state["answered"], folder=state["folder"])]
    if state["kept"]:
        told.append(texts("evaluation.kept", count=state["kept"]))
    return [paragraph(" ".join(told), "note")]


def _verdict(pair: Pair, texts: Texts) -> list[Html]:
    """Return the sentence on the answers, wins, ties and losses as a bar, and every flag that is clear."""
    from lf_qwen3.results.compare import words
    from lf_qwen3.results.compare.difference import deciding_differences
    from lf_qwen3.results.compare.measures import HEADLINE

    one = pair.differences["all"][HEADLINE.key]
    if one.value is None:
        return [paragraph(texts("evaluation.unjudged"), "warning")]
    outcome = one.outcome(HEADLINE)
    told = texts(
        f"evaluation.{outcome}",
        base=pair.base,
        tuned=pair.other,
        before=words.number(one.base),
        after=words.number(one.other),
    )
    counts = {"better": one.wins, "even": one.ties, "worse": one.losses}
    said = texts("evaluation.counts", wins=one.wins, ties=one.ties, losses=one.losses, tuned=pair.other)
    points = [
        paragraph(_point(measure, found, texts), _KINDS[clear])
        for measure, found, clear in deciding_differences(pair)
        if measure is not HEADLINE and clear != "unclear"
    ]
    return [paragraph(told, _KINDS[outcome]), charts.outcomes(counts, said), paragraph(said, "note"), *points]


def _point(measure: Measure, one: Difference, texts: Texts) -> str:
    from lf_qwen3.results.compare import words

    named = texts(f"evaluation.flag_{measure.name}")
    return texts("evaluation.point", flag=named, before=words.number(one.base), after=words.number(one.other))


def _figures(state: State, pair: Pair, texts: Texts) -> Html:
    from lf_qwen3.results.compare import words
    from lf_qwen3.results.compare.measures import HEADLINE

    one = pair.differences["all"][HEADLINE.key]
    counts: list[tuple[str, object]] = [(texts("evaluation.rows"), state["rows"])]
    counts += [(texts(f"evaluation.kind_{kind}"), count) for kind, count in state["kinds"].items()]
    if one.value is not None:
        counts.append((texts("evaluation.headline"), words.signed(one.value)))
    return figures(counts)


def _table(state: State, pair: Pair, kind: str, texts: Texts) -> Html:
    from lf_qwen3.results.compare import picture
    from lf_qwen3.results.compare.measures import MEASURES

    by = pair.differences[kind]
    scale = picture.around_zero([by[one.key] for one in MEASURES if one.group in _SHOWN[:3]])
    rows = []
    for group in _SHOWN:
        title = texts(f"evaluation.group_{group}", unit=texts(f"evaluation.unit_{state['length_unit']}"))
        for measure in (one for one in MEASURES if one.group == group and _is_shown(one, by[one.key])):
            rows.append((title, *_cells(measure, by[measure.key], scale, texts)))
            title = ""
    headers = [texts("evaluation.part"), texts("evaluation.measure"), pair.base, pair.other]
    headers += [texts("evaluation.difference"), texts("evaluation.chart")]
    made = table(headers, rows, ("part", "", "number", "number", "number", ""))
    return tag("div", made, class_="lfq-measures")


def _is_shown(measure: Measure, one: Difference) -> bool:
    """Tell whether some row has a value; a defect that neither run has is left out."""
    return bool(one.n) and (bool(one.base or one.other) or measure.better != "lower")


def _cells(measure: Measure, one: Difference, scale: Scale, texts: Texts) -> Sequence[object]:
    from lf_qwen3.results.compare import words

    outcome = one.outcome(measure)
    digits, unit = (0 if measure.group == "length" else 1), words.unit(measure)
    signed, spread = words.signed(one.value, digits), _spread(one, digits, texts)
    drawings: dict[str, Callable[[], Html]] = {
        "form": lambda: charts.share(one, outcome, signed),
        "length": lambda: html(""),
    }
    told = tag("span", html(signed), class_=f"lfq-{outcome}") + tag("small", html(spread))
    return (
        _name(measure, texts),
        words.number(one.base, digits) + unit,
        words.number(one.other, digits) + unit,
        Cell(Html(told)),
        Cell(drawings.get(measure.group, lambda: charts.change(one, scale, outcome, signed))()),
    )


def _spread(one: Difference, digits: int, texts: Texts) -> str:
    from lf_qwen3.results.compare import words

    if one.low is None or one.high is None:
        return ""
    ends = {"low": words.signed(one.low, digits), "high": words.signed(one.high, digits)}
    return texts("evaluation.interval", **ends)


def _name(measure: Measure, texts: Texts) -> str:
    if measure.group in ("form", "length"):
        kind = "flag" if measure.group == "form" else "length"
        return texts(f"evaluation.{kind}_{measure.name}")
    return measure.label


def _kind(state: State, pair: Pair, kind: str, texts: Texts) -> Html:
    """Return the table of thinking or plain rows alone, folded."""
    told = texts(f"evaluation.only_{kind}", count=state["kinds"][kind])
    return tag("details", tag("summary", html(told)), _table(state, pair, kind, texts), class_="lfq-fold")
