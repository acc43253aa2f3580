"""Which columns of a source were read, which were left, and which of those a user has to know of.

A column that is left out may be what the model was meant to learn: its reasoning, the choices of a question,
a label that says which answers are wrong. A name or a content that looks like that is worth a warning; a
label of right and wrong stops a conversion.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data import converters
from lf_qwen3.data.convert.options import ConvertSource
from lf_qwen3.data.converters.roles import ANSWERS, MODEL_ANSWERS, ROLES
from lf_qwen3.data.converters.source_row import LONG, ColumnUse

_TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")
_MEANINGS: Mapping[str, tuple[str, ...]] = {
    "thinking": (
        *("reason", "think", "thought", "cot", "chain", "trajector", "rationale", "step", "analysis"),
        *("思考", "思维", "推理"),
    ),
    "options": ("option", "choice"),
    "label": ("label", "correct", "kto", "score", "verified", "verdict", "reward"),
    "system": ("system", "persona", "instruct"),
    "context": ("context", "passage", "document", "background"),
    "tools": ("tool", "function"),
    "answer": ("generation", "completion", "attempt", "answer", "response", "output", "solution"),
    "picture": ("image", "img", "picture", "photo", "video", "audio"),
}
"""How the names of columns begin their words, by what the column then may be."""
_CHOICES = re.compile(r"[a-e]|(?:choice|option|opt)_?[a-e1-9]", re.IGNORECASE)
_REFERENCES = frozenset(ANSWERS + MODEL_ANSWERS)
"""Of several answers the first was read; the others are what it is compared with."""
_LABELS = ("label", "correct", "kto", "verified", "valid", "passed", "accepted")


@dataclass(slots=True)
class ColumnCounts:
    """The rows that fill each column of a source: where it was read, and where it was not.

    Of the latter, `long` counts those of long text and `truths` those that say yes or no.
    """

    rows: int = 0
    read: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    long: Counter[str] = field(default_factory=Counter)
    truths: Counter[str] = field(default_factory=Counter)

    def add(self, uses: Mapping[ColumnUse, int]) -> None:
        """Count the rows of one part."""
        for use, rows in uses.items():
            self.rows += rows
            for name, columns in zip(ColumnUse._fields, use, strict=True):
                counter: Counter[str] = getattr(self, name)
                for column in columns:
                    counter[column] += rows

    def as_json(self) -> dict[str, Any]:
        """Return the rows that fill each column, {"read": {column: rows}, "left": {column: rows}}."""
        return {"read": dict(self.read), "left": dict(self.left)}


def count_columns(
    files: Iterable[ConvertSource], uses: Iterable[Mapping[ColumnUse, int]]
) -> dict[str, ColumnCounts]:
    """Put the uses of each file together by the source that it was named by."""
    counts: dict[str, ColumnCounts] = {}
    for source, of_file in zip(files, uses, strict=True):
        counts.setdefault(source.spec, ColumnCounts()).add(of_file)
    return counts


def require_known_labels(files: Iterable[ConvertSource], counts: Mapping[str, ColumnCounts]) -> None:
    """Raise `UsageError` ("label_unread") for a column that may say which answers are wrong.

    That is one that was left, is called like a label, and says yes or no in every row that fills it.
    """
    for source in files:
        own = counts[source.spec]
        for column in _open_columns(source, own):
            if own.truths[column] == own.left[column] and _begins(column, _LABELS):
                raise UsageError(
                    f"{source.label}: the column '{column}' says yes or no in {own.left[column]:,} rows, and "
                    "where it says that an answer is wrong, that answer would be learnt",
                    f"say what it means: --columns label={column} (a KTO dataset), --columns "
                    f"correct={column} (only the rows that say yes), or --columns ignore={column} "
                    "(something else)",
                    code="label_unread",
                )


def warnings_of(files: Iterable[ConvertSource], counts: Mapping[str, ColumnCounts]) -> list[str]:
    """Return a warning for each column that was left and looks like something to train on."""
    warnings: dict[str, None] = {}
    for source in files:
        own = counts[source.spec]
        for column in _open_columns(source, own):
            if meaning := _meaning(column, own):
                warnings[f"{source.spec}: {_warning(column, meaning, own)}"] = None
    return list(warnings)


def _open_columns(source: ConvertSource, counts: ColumnCounts) -> Iterator[str]:
    """Yield the columns that were left, and not on purpose."""
    purposely = {column for role, column in source.roles if role == "ignore"}
    leaves = converters.get(source.converter).leaves
    for column in counts.left:
        if column not in purposely and column.lower() not in leaves | _REFERENCES:
            yield column


def _meaning(column: str, counts: ColumnCounts) -> str:
    """Return what a column that was left may be to a conversation, "" for nothing."""
    name = column.rpartition("[].")[2]
    if _CHOICES.fullmatch(name) and sum(map(bool, map(_CHOICES.fullmatch, counts.left))) > 1:
        return "options"
    for meaning, words in _MEANINGS.items():
        if _begins(name, words):
            return meaning
    return "text" if 2 * counts.long[column] > counts.rows else ""


def _begins(name: str, words: tuple[str, ...]) -> bool:
    return any(token.lower().startswith(words) for token in _TOKEN.findall(name))


def _warning(column: str, meaning: str, counts: ColumnCounts) -> str:
    where = f"the column '{column}' was not read, and {counts.left[column]:,} of {counts.rows:,} rows fill it"
    if meaning == "picture":
        return f"{where}: pictures, video and audio cannot be converted"
    if "[]." in column or meaning not in ROLES:
        return f"{where}: its texts are longer than {LONG} characters" if meaning == "text" else where
    return (
        f"{where}: if it is the {meaning} of the rows, --columns {meaning}={column} reads it; "
        f"--columns ignore={column} takes this warning away"
    )
