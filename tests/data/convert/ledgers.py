"""Ledgers made by hand."""

from lf_qwen3.data.convert import ledger
from lf_qwen3.data.convert.ledger import LedgerLine


def line(row, question, answer, thinking, length=10):
    """A ledger line of a record."""
    return LedgerLine(
        spool=0,
        row=row,
        offset=row * 10,
        length=length,
        thinking=bool(thinking),
        history=False,
        question=question,
        prompt=question,
        answer=answer,
    )


def make(rows):
    """A ledger of (question, answer, thinking) rows of one record each, of 10 bytes."""
    lines = ledger.Ledger()
    lines.add(line(number, *row) for number, row in enumerate(rows))
    return lines


def dialogues(*kinds):
    """A ledger of rows that have a record for each kind, "t" (thinking) or "p" (plain), of 10 bytes."""
    lines = ledger.Ledger()
    lines.add(
        line(row, spread(row), spread(97 * row + at), kind == "t")._replace(prompt=spread(89 * row + at))
        for row, own in enumerate(kinds)
        for at, kind in enumerate(own)
    )
    return lines


def spread(number):
    """A hash: another 64-bit number for each number."""
    return number * 0x9E3779B97F4A7C15 % 2**64
