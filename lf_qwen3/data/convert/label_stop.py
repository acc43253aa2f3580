"""Stop a conversion at a label of right and wrong that nobody reads: the wrong answers would be learnt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import Reject, UsageError
from lf_qwen3.data import converters, sources
from lf_qwen3.data.convert.options import ConvertSource
from lf_qwen3.data.convert.unread import ColumnCounts, has_verdict, open_columns
from lf_qwen3.data.converters.labels import is_against, is_verdict
from lf_qwen3.data.converters.source_row import (
    ColumnUse,
    SourceRow,
    fill_of,
    names_of_columns,
    use_of_columns,
)


def require_known_labels(files: Iterable[ConvertSource], counts: Mapping[str, ColumnCounts]) -> None:
    """Raise `UsageError` ("label_unread") for a column that says that some answers are wrong.

    That is one that was left, is called like a label, says yes or no in every row that fills it, and does
    not say everywhere that the answer is right. Pairs, and sources whose label was read, need no other one.
    """
    for source in files:
        for column in _doubtful_columns(source, counts[source.spec]):
            raise _label_unread(source, column)


def require_known_labels_early(files: Sequence[ConvertSource]) -> None:
    """Raise what `require_known_labels` would raise in the end, before any row is converted.

    A column that the first rows leave, and that says there that an answer is wrong, is read to its end: a
    later row may show that it is not a label of right and wrong.
    """
    for spec in dict.fromkeys(source.spec for source in files):
        own = [source for source in files if source.spec == spec]
        counts = ColumnCounts()
        for source in own:
            if any(map(is_verdict, sources.columns(source.file))):
                rows = sources.first_rows(source.file)
                counts.add(Counter(_use_of(source, row) for row in rows))
        doubtful = {column: source for source in own for column in _doubtful_columns(source, counts)}
        for source in own:
            for column in _columns_of_more(source, doubtful):
                del doubtful[column]
        for column, source in doubtful.items():
            raise _label_unread(source, column)


def _doubtful_columns(source: ConvertSource, counts: ColumnCounts) -> list[str]:
    """Return the columns that were left and say which answers are wrong."""
    if has_verdict(source):
        return []
    return [
        column
        for column in open_columns(source, counts)
        if is_verdict(column) and _says_wrong(column, counts) and counts.truths[column] == counts.left[column]
    ]


def _says_wrong(column: str, counts: ColumnCounts) -> bool:
    noes = counts.noes[column]
    return counts.truths[column] > noes if is_against(column) else noes > 0


def _label_unread(source: ConvertSource, column: str) -> UsageError:
    return UsageError(
        f"{source.label}: the column '{column}' is yes or no in every row that has it, and "
        "where it marks an answer as wrong, the model would learn that answer",
        f"say what it means: --columns label={column} (a KTO dataset), --columns correct={column} "
        f"(keep only the correct rows), or --columns ignore={column} (something else)",
        code="label_unread",
    )


def _use_of(source: ConvertSource, item: Row) -> ColumnUse:
    """Return which columns of a row are read; of a row that is rejected none counts."""
    row = SourceRow(item, names_of_columns(tuple(item), source.roles))
    try:
        converters.get(source.converter).convert(row)
    except Reject:
        return use_of_columns((), ())
    return row.use()


def _columns_of_more(source: ConvertSource, columns: Collection[str]) -> list[str]:
    """Return those of the columns that hold something else than yes and no in some row of a file."""
    sought = list(columns)
    more: list[str] = []
    for item in chain.from_iterable(map(sources.rows, sources.cut(source.file))) if sought else ():
        if len(more) == len(sought):
            break
        if isinstance(item, dict):
            fills = ((column, fill_of(item.get(column))) for column in sought if column not in more)
            more += [column for column, fill in fills if fill in ("filled", "long")]
    return more
