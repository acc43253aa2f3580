"""What a comparison says, in sentences and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lf_qwen3.results.compare.difference import Difference, Outcome, Pair, deciding_differences
from lf_qwen3.results.compare.measures import HEADLINE, TIE, Measure
from lf_qwen3.results.score import interval

if TYPE_CHECKING:
    from lf_qwen3.results.compare.comparison import Comparison

GROUPS = {
    "answer": "the answer only",
    "thinking": "the thinking only, if the reference thinks",
    "both": "both together, as the trainer's own predict scores them",
    "form": "share of rows",
    "length": "mean length",
}
DEFECTS = {
    "unclosed_thinking": "thinking unclosed",
    "leaked_token": "control token leaked",
    "cut": "truncated, no end",
    "repetition": "repeats to the end",
    "empty_answer": "empty answer",
    "wrong_language": "wrong language",
}


class Statement(NamedTuple):
    """One sentence, and whether it is good news."""

    outcome: Outcome
    text: str


def title(comparison: Comparison) -> str:
    """Return the names of the runs: `base and tuned, side by side`."""
    *first, last = [run.name for run in comparison.runs]
    return f"{', '.join(first)} and {last}, side by side"


def verdict(pair: Pair) -> Statement:
    """Return the sentence on the headline measure."""
    difference = pair.differences["all"][HEADLINE.key]
    outcome = difference.outcome(HEADLINE)
    sentence = {
        "better": f"{pair.other} answers closer to the reference than {pair.base}",
        "worse": f"{pair.other} answers further from the reference than {pair.base}",
        "unclear": f"No clear difference between the answers of {pair.other} and {pair.base}",
    }[outcome]
    if difference.value is None:
        return Statement(outcome, "No row has a reference answer, so the answers cannot be compared")
    return Statement(outcome, f"{sentence}: ROUGE-L {number(difference.base)} to {number(difference.other)}")


def points(pair: Pair) -> list[Statement]:
    """Return a sentence for every flag whose difference is clear."""
    return [
        Statement(
            outcome,
            f"{measure.label}: {number(difference.base)} % to {number(difference.other)} % of the rows",
        )
        for measure, difference, outcome in deciding_differences(pair)
        if measure is not HEADLINE and outcome != "unclear"
    ]


def counts(pair: Pair) -> str:
    """Return wins, ties and losses of the headline measure as text."""
    difference = pair.differences["all"][HEADLINE.key]
    return (
        f"{pair.other} is closer in {difference.wins:,} of {difference.n:,} rows, "
        f"{pair.base} in {difference.losses:,}; "
        f"within {TIE:g} point of each other: {difference.ties:,}"
    )


def number(value: float | None, digits: int = 1) -> str:
    """Return a figure, or a dash for none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def signed(value: float | None, digits: int = 1) -> str:
    """Return a difference with its sign, or a dash for none."""
    return "–" if value is None else f"{value:+,.{digits}f}".replace("-", "−")


class CellTexts(NamedTuple):
    """The figures of one measure as text: both means, the difference, and its interval or ""."""

    base: str
    other: str
    difference: str
    interval: str


def cell_texts(measure: Measure, difference: Difference) -> CellTexts:
    """Return the figures of a measure: lengths without decimals, shares in per cent."""
    digits = digits_of(measure)
    has_none = difference.low is None or difference.high is None
    spread = f"{signed(difference.low, digits)} to {signed(difference.high, digits)}"
    return CellTexts(
        number(difference.base, digits) + unit(measure),
        number(difference.other, digits) + unit(measure),
        signed(difference.value, digits),
        "" if has_none else spread,
    )


def digits_of(measure: Measure) -> int:
    """Return the decimals that figures of a measure are shown with."""
    return 0 if measure.group == "length" else 1


def unit(measure: Measure) -> str:
    """Return what is behind a figure of a measure."""
    return " %" if measure.group == "form" else ""


def method(comparison: Comparison) -> list[str]:
    """Return how the figures came about, for the end of a report."""
    scores = comparison.base.scored
    guessed = {
        "end token": "an answer counts as cut where the end token is missing",
        "max_new_tokens": "an answer counts as truncated if it fills max_new_tokens",
        "ending": "whether an answer was cut is a guess from how it ends",
    }[scores.cut_evidence]
    return [
        "BLEU-4 and ROUGE are those of LLaMA-Factory's predict (jieba words, BLEU over "
        "characters), for answer and thinking separately. They measure similarity to one "
        "reference, not truth: read the rows.",
        "A difference is the mean over the rows that both runs answered; its interval is a "
        f"paired bootstrap ({interval.RESAMPLES:,} resamples of the rows, seeded, 95 %). A "
        "difference is clear if its interval is on one side of zero. Of twenty figures in "
        f"a table about one is clear by chance. Lengths are in {scores.length_unit}; {guessed}.",
    ]
