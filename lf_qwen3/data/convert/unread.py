"""Which columns of a source were read, which were left, and which of those to warn of.

A column that is left out may be what the model was meant to learn: its reasoning, the choices of a question,
a label that says which answers are wrong. A name or a content that looks like that is worth a warning; a
label of right and wrong stops a conversion (`label_stop`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lf_qwen3.base.coded import CodedText
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
    "label": ("label", "correct", "kto", "score", "verified", "verdict", "reward", "feedback", "rating"),
    "system": ("system", "persona", "instruct"),
    "context": ("context", "passage", "document", "background", "story", "premise", "statement"),
    "tools": ("tool", "function"),
    "answer": ("generation", "completion", "attempt", "answer", "response", "output", "solution"),
    "picture": ("image", "img", "picture", "photo", "video", "audio"),
}
"""How the names of columns begin their words, by what the column then may be."""
_ABOUT = (
    "type",
    "id",
    "ids",
    "name",
    "metadata",
    "index",
    "source",
    "model",
    "count",
    "num",
    "len",
    "length",
    "tokens",
    "url",
    "time",
    "lang",
)
"""Last words of names that tell of a thing (its kind, its origin, its size) and do not hold it."""
_MARKS = ("loss", "weight", "train", "mask")
"""How keys of messages begin that say whether a turn is learnt; those that could be kept were read."""
_CHOICES = re.compile(r"[a-e]|(?:choice|option|opt)_?[a-e1-9]", re.IGNORECASE)
_REFERENCES = frozenset(ANSWERS + MODEL_ANSWERS)
"""Of several answers the first was read; the others are what it is compared with, unless it is a model's and
no reasoning led to it."""


@dataclass(slots=True)
class ColumnCounts:
    """The rows that fill each column of a source: where it was read, and where it was not.

    Of the latter, `long` counts those of long text, `truths` those that say yes or no, and `noes` those that
    say no.
    """

    rows: int = 0
    read: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    long: Counter[str] = field(default_factory=Counter)
    truths: Counter[str] = field(default_factory=Counter)
    noes: Counter[str] = field(default_factory=Counter)

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


def warnings_of(files: Iterable[ConvertSource], counts: Mapping[str, ColumnCounts]) -> list[str]:
    """Return a warning for each column that was left and looks like something to train on."""
    warnings: dict[str, None] = {}
    for source in files:
        own = counts[source.spec]
        for column in open_columns(source, own):
            meaning = _meaning(column, own)
            if meaning and not (meaning == "label" and has_verdict(source)):
                warnings[_warning(source.spec, column, meaning, own)] = None
    return list(warnings)


def means_something(name: str) -> bool:
    """Return whether something is called like a part of a conversation."""
    return any(_begins(name, words) for words in _MEANINGS.values())


def has_verdict(source: ConvertSource) -> bool:
    """Return whether it is known which answers of a source are good: by their pairs, or by a label."""
    roles = {role for role, _ in source.roles}
    return converters.get(source.converter).takes_pairs or not roles.isdisjoint(("label", "correct"))


def open_columns(source: ConvertSource, counts: ColumnCounts) -> Iterator[str]:
    """Yield the columns that were left, and not on purpose."""
    purposely = {column for role, column in source.roles if role == "ignore"}
    leaves = converters.get(source.converter).leaves
    if not _is_unreasoned(source, counts):
        leaves |= _REFERENCES
    for column in counts.left:
        if column not in purposely and column.lower() not in leaves:
            yield column


def _is_unreasoned(source: ConvertSource, counts: ColumnCounts) -> bool:
    """Return whether a model's answer was taken with no column of reasoning and no word of the user's."""
    if "answer" in dict(source.roles):
        return False
    by_model = any(column.lower() in MODEL_ANSWERS for column in counts.read)
    return by_model and not any(_begins(column, _MEANINGS["thinking"]) for column in counts.read)


def _meaning(column: str, counts: ColumnCounts) -> str:
    """Return what a column that was left may be to a conversation, "" for nothing."""
    inside = column.rpartition("[].")
    name = inside[2].rpartition(".")[2] if inside[1] else column
    if _CHOICES.fullmatch(name) and sum(map(bool, map(_CHOICES.fullmatch, counts.left))) > 1:
        return "options"
    if "[]." in column and _begins(name, _MARKS):
        return "mark"
    tokens = _TOKEN.findall(name)
    if not tokens or tokens[-1].lower() not in _ABOUT:
        for meaning, words in _MEANINGS.items():
            if _begins(name, words):
                return meaning
    return "text" if 2 * counts.long[column] > counts.rows else ""


def _begins(name: str, words: tuple[str, ...]) -> bool:
    return any(token.lower().startswith(words) for token in _TOKEN.findall(name))


def _warning(source: str, column: str, meaning: str, counts: ColumnCounts) -> CodedText:
    rows = f"{counts.left[column]:,} of {counts.rows:,}"
    what = f"{source}: the column '{column}' was not read, but {rows} rows have a value there"
    facts: dict[str, str | int] = {
        "source": source,
        "column": column,
        "rows": counts.left[column],
        "all": counts.rows,
    }
    if meaning == "picture":
        return CodedText(f"{what}: images, video and audio cannot be converted", "media_unread", facts)
    if meaning == "mark":
        why = "a turn is trained on or not, 1 or 0; weights between are not supported"
        return CodedText(f"{what}: {why}", "mark_unread", facts)
    if "[]." in column or meaning not in ROLES:
        why = f": its texts are longer than {LONG} characters" if meaning == "text" else ""
        return CodedText(what + why, "column_unread", facts)
    return CodedText(
        f"{what}: if it is the {meaning} of the rows, --columns {meaning}={column} reads it; "
        f"--columns ignore={column} removes this warning",
        "role_unread",
        facts | {"role": meaning},
    )
