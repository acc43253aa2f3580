"""Columns that say whether an answer is good: KTO's label, and the verdict of a verifier."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.fields import kind
from lf_qwen3.data.converters.source_row import NO, YES, SourceRow, is_filled
from lf_qwen3.qwen3.thinking import excerpt

_GOOD = YES | {"t", "y", "ok", "accept", "desired", "positive", "是", "对", "正确", "好"}
_BAD = NO | {"f", "n", "reject", "undesired", "negative", "否", "错", "错误", "不正确", "坏"}
_LABELS = ("kto_tag", "label")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")
_VERDICTS = frozenset(
    [
        *("label", "labels", "kto", "correct", "correctness", "right", "incorrect", "wrong", "verified"),
        *("verification", "verify", "verdict", "valid", "invalid", "validity", "passed", "pass", "passes"),
        *("accept", "accepted", "acceptable", "rejected", "score", "scores", "reward", "desirable", "good"),
        *("bad", "preferred", "chosen", "thumbs", "feedback", "success", "succeeded", "matched", "match"),
    ]
)
_AGAINST = frozenset({"incorrect", "wrong", "invalid", "rejected", "bad"})
_BESIDE = frozenset(
    [
        *("is", "was", "has", "the", "all", "final", "answer", "answers", "response", "solution", "output"),
        *("result", "model", "llm", "gpt", "judge", "judged", "verifier", "rule", "based", "math", "human"),
        *("auto", "majority", "test", "tests", "unit", "code", "generation", "completion", "binary", "tag"),
        *("gold", "gt", "exact", "up", "strict", "quality", "vote", "reasoning", "thinking", "cot"),
    ]
)
"""Words that may be beside a verdict in the name of its column."""


def read_label(row: SourceRow) -> bool | None:
    """Return what the column that was named as `label` says of the answer; None where none was named.

    Raises `Reject`: "marked_wrong" where the column named as `correct` says no, "label_unclear" where one
    of them says neither yes nor no.
    """
    if (
        "correct" in row.names.given
        and not isinstance(row.peek("correct"), list)
        and not _says(row, "correct")
    ):
        raise Reject("marked_wrong", row.column("correct"))
    return _says(row, "label") if "label" in row.names.given else None


def is_label(name: str) -> bool:
    """Return whether a column is called as KTO data call their label."""
    return name.lower() in _LABELS


def find_label(columns: Iterable[str], rows: Sequence[Row]) -> str:
    """Return the column that marks each answer as good or bad, as KTO data have it; "" where none does.

    That is `kto_tag`, whatever it holds, or a `label` that holds true or false, or those words and nothing
    else.
    """
    named = {column.lower(): column for column in columns}
    for name in _LABELS:
        values = [row.get(named[name]) for row in rows if name in named]
        filled = [value for value in values if is_filled(value)]
        if filled and (name == "kto_tag" or _holds_truths(filled)):
            return named[name]
    return ""


def is_verdict(name: str) -> bool:
    """Return whether a column is called like a label of right and wrong.

    Every word of the name counts: `is_correct` is one, `valid_json` and `label_source` are none.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    own = [word for word in words if word not in _BESIDE and not word.isdigit()]
    return bool(own) and all(word in _VERDICTS for word in own)


def is_against(name: str) -> bool:
    """Return whether yes means wrong in a column of this name."""
    return any(word.lower() in _AGAINST for word in _WORD.findall(name))


def _holds_truths(values: Sequence[object]) -> bool:
    words = [value.strip().lower() for value in values if isinstance(value, str)]
    spells_truths = len(words) == len(values) and {"true", "false"}.issuperset(words)
    return spells_truths or any(isinstance(value, bool) for value in values)


def _says(row: SourceRow, role: str) -> bool:
    value = row.get(role)
    said = str(value).strip().lower() if isinstance(value, str | int | float) else ""
    if said in _GOOD or said in _BAD:
        return said in _GOOD
    what = excerpt(str(value)) if isinstance(value, str | int | float) else kind(value)
    raise Reject("label_unclear", f"{row.column(role)} is {what or 'empty'}")
