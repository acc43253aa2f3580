"""Answers that are not worth learning."""

from __future__ import annotations

from lf_qwen3.data.row_defects import is_empty, is_placeholder, is_same_answer
from lf_qwen3.proof.check.rules.records.sample import Sample, sample_of
from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.qwen3.thinking import excerpt, frame

_GOOD = sample_of("q", frame("r", "The answer is 42."))

_LOOK_BACK = 2000
_PROBE = 12
_TIMES = 6
_RUN = 96


@check(
    "empty_question",
    "error",
    "a user turn is empty",
    "write the question, or remove the record",
    good=_GOOD,
    bad=sample_of(" ", "a"),
)
def empty_question(sample: Sample) -> CheckResult:
    """Require that every user turn says something."""
    for number, message in enumerate(sample.record.messages, 1):
        if message["role"] == "user" and is_empty(message["content"]):
            return Fault(f"message {number}")
    return PASS


@check(
    "empty_answer",
    "error",
    "an answer is empty",
    "the model would learn to answer with nothing (reasoning alone is no answer); write the answer, "
    "or remove the record",
    good=_GOOD,
    bad=sample_of("q", frame("r", "")),
)
def empty_answer(sample: Sample) -> CheckResult:
    """Require that every assistant turn says something besides its reasoning."""
    for text in sample.assistant_texts:
        if text.fault is None and is_empty(text.parts.answer):
            return Fault(text.where)
    return PASS


@check(
    "placeholder_answer",
    "warning",
    "an answer has no content",
    "it is a placeholder or punctuation only; write the answer, or remove the record",
    good=_GOOD,
    bad=sample_of("q", "N/A"),
)
def placeholder_answer(sample: Sample) -> CheckResult:
    """Require a letter or a digit, and not what an empty cell is exported as."""
    for text in sample.learnt_texts:
        if is_placeholder(text.parts.answer):
            return Fault(f"{text.parts.answer.strip()} in {text.where}")
    return PASS


@check(
    "short_answer",
    "info",
    "an answer has three characters or fewer",
    "right for labels and multiple choice; otherwise the answer was truncated: check the source",
    good=_GOOD,
    bad=sample_of("q", "ok"),
)
def short_answer(sample: Sample) -> CheckResult:
    """Report answers that are no longer than a label."""
    for text in sample.learnt_texts:
        answer = text.parts.answer.strip()
        if 0 < len(answer) <= 3:
            return Fault(f"{answer} in {text.where}")
    return PASS


@check(
    "repeats",
    "warning",
    "a text repeats itself until its end",
    "the model would learn the repetition loop; remove the record: the model that wrote it degenerated",
    good=_GOOD,
    bad=sample_of("q", "I think so. " + "And again and again. " * 20),
)
def repeats(sample: Sample) -> CheckResult:
    """Require an end that is not six or more copies of a phrase, 96 characters or more together."""
    for text in sample.learnt_texts:
        for what, part in (("", text.parts.answer), ("the reasoning of ", text.parts.thinking or "")):
            if phrase := repeated_phrase(part):
                return Fault(f"{what}{text.where} ends in {excerpt(phrase)!r}")
    return PASS


@check(
    "same_preference",
    "error",
    "chosen and rejected are the same",
    "there is no preference to learn; remove the record",
    good=sample_of("q", "a", rejected="b"),
    bad=sample_of("q", "a", rejected=" a"),
)
def same_preference(sample: Sample) -> CheckResult:
    """Require answers that differ in more than white space."""
    losing, messages = sample.record.rejected, sample.record.messages
    return Fault() if losing and is_same_answer(messages[-1]["content"], losing["content"]) else PASS


def repeated_phrase(text: str) -> str:
    """Return the phrase that a text repeats to its end, "" where it repeats none.

    Looks at the last 2,000 characters; runs of punctuation are rules and tables, and pass.
    """
    tail = text.rstrip()[-_LOOK_BACK:]
    if len(tail) < _RUN:
        return ""
    blanks = len(text) - len(text.rstrip())
    probe, end = tail[-_PROBE:], len(tail) - 1
    while (place := tail.rfind(probe, 0, end)) >= (len(tail) - _PROBE + 1) // 2:
        unit = tail[place + _PROBE :]
        if _measure_run(tail, len(unit)) >= max(_RUN, _TIMES * len(unit) - min(blanks, len(unit))):
            return unit if any(map(str.isalnum, unit)) else ""
        end = place + _PROBE - 1
    return ""


def _measure_run(tail: str, period: int) -> int:
    """Return how many characters at the end of a text repeat with a period."""
    run = period
    while run < len(tail) and tail[-run - 1] == tail[period - run - 1]:
        run += 1
    return run
