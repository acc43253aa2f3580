"""What a conversion says of the rows that it kept, and of those that it did not."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from lf_qwen3.base.coded import CodedText
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.data.convert.options import ConvertOptions, ConvertSource
from lf_qwen3.data.convert.part_totals import FirstRejected, PartTotals
from lf_qwen3.data.convert.report import ConversionReport
from lf_qwen3.data.converters.roles import write_roles
from lf_qwen3.data.registry.shape import DatasetKind


@dataclass(slots=True)
class ConvertOutcome:
    """What was decided over all rows; `rows` and `written` (records) count by split.

    `generated` are the rows that a model wrote; the others are as in `ConversionReport`.
    """

    rows: dict[str, int] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    thinking: int = 0
    generated: int = 0
    duplicates: int = 0
    duplicate_records: int = 0
    conflicts: int = 0
    left_out: int = 0


def stop_at(source: ConvertSource, code: str, first: FirstRejected) -> LfQwen3Error:
    """Return the error of a conversion that stops at a rejected row, counted from 1."""
    reason = REJECTED[code]
    detail = f" ({first.detail})" if first.detail else ""
    return LfQwen3Error(
        f"{source.label}:{first.row}: {code}: {reason.message}{detail}",
        f"{reason.hint}; or leave such rows out with --on-bad reject. Nothing was written",
        code=code,
    )


def nothing_kept(totals: PartTotals, sources: Sequence[ConvertSource] = ()) -> LfQwen3Error:
    """Return the error of a conversion that kept no row; a command in its hint names the one source."""
    if not totals.read:
        return UsageError(
            "the sources have no rows", "there is nothing to learn in an empty file", code="no_rows"
        )
    code, count = max(sorted(totals.rejected.items()), key=lambda item: item[1])
    first = totals.first_rejected[code]
    detail = f" ({first.detail})" if first.detail else ""
    hint = _name_source(REJECTED[code].hint, sources)
    return LfQwen3Error(
        f"all {totals.read} rows were rejected, {count} of them as {code}: {REJECTED[code].message}",
        f"the first is row {first.row}{detail}; {hint}. Nothing was written",
        code="all_rejected",
    )


def _name_source(hint: str, sources: Sequence[ConvertSource]) -> str:
    """Return a hint with the source, as it was given, in place of SOURCE, where there is one."""
    if len({source.spec for source in sources}) != 1:
        return hint
    spec, roles = sources[0].spec.removeprefix(f"{sources[0].converter}:"), sources[0].roles
    columns = f" --columns {shlex.quote(write_roles(roles))}" if roles else ""
    return hint.replace("two_speakers:SOURCE", shlex.quote(f"two_speakers:{spec}") + columns)


def count_labels(report: ConversionReport, good: int) -> None:
    """Put the labels of KTO data into the report, with a warning where all are alike."""
    report.good, report.bad = good, sum(report.written.values()) - good
    if not report.good or not report.bad:
        report.warnings.append(
            CodedText(
                f"all answers are labelled {'good' if report.good else 'bad'}, but KTO learns "
                "from good and from bad answers: add the others, or convert without the "
                "label, --columns ignore=COLUMN",
                "labels_alike",
            )
        )


def count_outcome(
    report: ConversionReport, outcome: ConvertOutcome, options: ConvertOptions, kind: DatasetKind
) -> None:
    """Put what was decided into the report, with the warnings that it gives rise to."""
    report.rows, report.written, report.thinking = outcome.rows, outcome.written, outcome.thinking
    report.duplicates, report.duplicate_records = outcome.duplicates, outcome.duplicate_records
    report.conflicts, report.left_out = outcome.conflicts, outcome.left_out
    report.plain = sum(report.written.values()) - report.thinking
    if not report.thinking and kind == "sft":
        report.warnings.append(
            CodedText(
                "no record has reasoning: a hybrid Qwen3 trained on this data will lose its "
                "ability to think; mix in a source with reasoning, 75 % is usual: --mix "
                "thinking=0.75",
                "no_thinking",
            )
        )
    if outcome.generated and (options.val or options.test):
        report.warnings.append(
            CodedText(
                f"{outcome.generated:,} rows were written by a model: none of them is held out, nor a row "
                "of a person with the question of one",
                "generated_rows",
                {"rows": outcome.generated},
            )
        )
    if options.turns == "all" and kind == "sft":
        report.warnings.append(
            CodedText(
                "--turns all trains every turn at once (mask_history: false) and keeps the "
                "thinking of earlier turns in the prompt, which Qwen3's chat template "
                "removes; --turns unroll keeps both right",
                "turns_at_once",
            )
        )
    for name, wanted in (("val", options.val), ("test", options.test)):
        if wanted >= 1 and report.rows.get(name, 0) < wanted:
            report.warnings.append(
                CodedText(
                    f"{name} has only {report.rows[name]} rows: larger groups of the same "
                    "question did not fit",
                    "split_short",
                    {"split": name, "rows": report.rows[name]},
                )
            )
