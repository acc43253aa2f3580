"""One dataset's rows, read by its entry."""

from __future__ import annotations

from collections.abc import Callable

from lf_qwen3.base.conversation import Row
from lf_qwen3.base.errors import UsageError
from lf_qwen3.trainer.records import alpaca, messages
from lf_qwen3.trainer.records.record import (
    Aligned,
    BrokenRowError,
    DatasetEntry,
    Dropped,
    Names,
    Record,
    require_text,
)

_ALIGN: dict[str, Callable[[Names, Row], Aligned]] = {
    "alpaca": alpaca.align,
    "sharegpt": messages.align,
    "openai": messages.align_openai,
}
FORMATTINGS = tuple(_ALIGN)
_MEDIA = ("images", "videos", "audios")


class RecordReader:
    """Turns rows of one dataset into records, by its entry in dataset_info.json.

    Raises `UsageError` for a formatting that the trainer does not have.
    """

    def __init__(self, entry: DatasetEntry) -> None:
        formatting = entry.get("formatting", "alpaca")
        if formatting not in _ALIGN:
            raise UsageError(
                f"LLaMA-Factory does not know formatting '{formatting}'",
                f"it knows {', '.join(FORMATTINGS)}; lf-qwen3 register NAME FILE --replace "
                "rewrites the entry",
                code="unknown_formatting",
            )
        self._names = Names(entry)
        self._align = _ALIGN[formatting]

    def __call__(self, row: Row) -> Record | Dropped:
        """Return the record of one row, or why there is none."""
        try:
            return self._record(self._align(self._names, row), row)
        except BrokenRowError as broken:
            return broken.dropped

    def _record(self, aligned: Aligned, row: Row) -> Record:
        """Apply what the processors leave out (supervised.py, pairwise.py) and what stops them."""
        names = self._names
        wanted = 2 if names.is_ranking else 1
        if not aligned.response:
            raise BrokenRowError("it has no answer")
        if len(aligned.response) < wanted:
            raise BrokenRowError("it has one answer, but ranking data needs chosen and rejected")
        if len(aligned.response) > wanted:
            raise BrokenRowError("it has two answers, but supervised training takes one")
        if len(aligned.prompt) % 2 != 1:
            raise BrokenRowError("its messages do not alternate between user and assistant")
        for kind in _MEDIA:
            if names.column(row, kind):
                raise BrokenRowError(
                    f"it has {kind}, but the qwen3 chat templates take text only", stops=True
                )
        for number, turn in enumerate([*aligned.prompt, *aligned.response], 1):
            require_text(turn["content"], f"message {number}")
        system = require_text(aligned.system, "the system prompt") if aligned.system else ""
        tools = require_text(aligned.tools, "tools") if aligned.tools else ""
        rejected = aligned.response[1] if wanted == 2 else None
        return Record([*aligned.prompt, aligned.response[0]], system, tools, rejected)


def read_record(entry: DatasetEntry, row: Row) -> Record | Dropped:
    """Return the record that LLaMA-Factory makes of one row, or why it makes none."""
    return RecordReader(entry)(row)
