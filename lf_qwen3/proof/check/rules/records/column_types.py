"""The types of a column over all rows of a JSON file: HF datasets takes the one of the first 10 MB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check

BLOCK = 10 << 20
"""Bytes of JSONL by which HF datasets settles the types of its columns (chunksize of its JSON reader)."""


class ColumnTypes(NamedTuple):
    """A column; `types` holds the first row of each type, in order; nulls and empty lists have none.

    `is_late` says that it is empty throughout the first 10 MB of a JSONL file.
    """

    name: str
    types: Mapping[str, int]
    is_late: bool = False


_GOOD = ColumnTypes("output", {"text": 1})


@check(
    "mixed_types",
    "error",
    "a column has values of several types",
    "HF datasets refuses to load such a file; write one type, as lf-qwen3 convert does",
    good=_GOOD,
    bad=ColumnTypes("output", {"text": 1, "a number": 7}),
)
def mixed_types(column: ColumnTypes) -> CheckResult:
    """Require one type per column."""
    if len(column.types) < 2:
        return PASS
    places = ", ".join(f"{name} in row {row}" for name, row in column.types.items())
    return Fault(f"{column.name}: {places}")


@check(
    "late_column",
    "error",
    "a column has its first value after the first 10 MB",
    "HF datasets has inferred its type by then, and fails; move a record with a value to the "
    "beginning, as lf-qwen3 convert does",
    good=_GOOD,
    bad=ColumnTypes("history", {"a list": 9001}, is_late=True),
)
def late_column(column: ColumnTypes) -> CheckResult:
    """Require that a column which is ever filled is filled early."""
    if not column.is_late:
        return PASS
    return Fault(f"{column.name}, first in row {next(iter(column.types.values()))}")
