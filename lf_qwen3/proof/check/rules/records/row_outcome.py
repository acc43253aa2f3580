"""Rows that LLaMA-Factory cannot use: they stop the training, or are left out with a line in its log."""

from __future__ import annotations

from typing import NamedTuple

from lf_qwen3.data.sources.part import BadRow
from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.trainer.records import Dropped


class RowOutcome(NamedTuple):
    """How a row was read: `problem` is what kept it from becoming a record, None where nothing did."""

    problem: BadRow | Dropped | None = None


@check(
    "unreadable_row",
    "error",
    "the row cannot be read",
    "a single unreadable row makes the whole file fail to load; repair or remove it (lf-qwen3 "
    "convert leaves such rows out)",
    good=RowOutcome(),
    bad=RowOutcome(BadRow("malformed", "unexpected character, line 1, column 2", "{]")),
)
def unreadable_row(outcome: RowOutcome) -> CheckResult:
    """Require one JSON object per row, in UTF-8."""
    row = outcome.problem
    if not isinstance(row, BadRow):
        return PASS
    kind = row.code.replace("_", " ")
    return Fault(f"{kind} ({row.detail})" if row.detail else kind)


@check(
    "record_stops",
    "error",
    "the trainer would stop with an error at this record",
    "every text has to be text and every list a list; correct the record, or remove it",
    good=RowOutcome(),
    bad=RowOutcome(Dropped("message 2 is null, not text", stops=True)),
)
def record_stops(outcome: RowOutcome) -> CheckResult:
    """Require the types that data/converter.py and the template expect."""
    dropped = outcome.problem
    return Fault(dropped.reason) if isinstance(dropped, Dropped) and dropped.stops else PASS


@check(
    "record_dropped",
    "error",
    "LLaMA-Factory would drop this record",
    "it drops records whose turns do not alternate (user first, assistant last); correct the record, "
    "or the tags of its entry",
    good=RowOutcome(),
    bad=RowOutcome(Dropped("message 2 is user, expected assistant or function")),
)
def record_dropped(outcome: RowOutcome) -> CheckResult:
    """Require roles that alternate and an answer (data/converter.py, data/processor)."""
    dropped = outcome.problem
    return Fault(dropped.reason) if isinstance(dropped, Dropped) and not dropped.stops else PASS
