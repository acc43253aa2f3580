"""The fast path of `check`: rows of user and assistant in turn in which no check finds anything.

Most rows of most datasets are. They are counted and hashed without a `Sample`; all others take the slow path.
A property test (test_check_plain.py) holds both equal, and `make bench` shows what it saves.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, cycle
from operator import eq, itemgetter

from lf_qwen3.base.conversation import Row
from lf_qwen3.data.convert.keys import fold, fold_whole
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.proof.check.duplicates import FoldedRecord, encode_exactly
from lf_qwen3.proof.check.rules.records.answers import repeated_phrase
from lf_qwen3.proof.check.unremarkable import hold_nothing, is_ordinary_answer
from lf_qwen3.qwen3.thinking import Split, split_canonical
from lf_qwen3.trainer.records.record import DatasetEntry, Names

_MOST_TURNS = 64
_ASKED = ("user", "assistant")
_BESIDE = ("tools", "images", "videos", "audios")


class PlainRecordReader:
    """Reads the rows of one part; what the record before has in common with a record is read once."""

    def __init__(self, names: Names) -> None:
        self._messages = names.columns.get("messages") or ""
        self._system = names.columns.get("system") or ""
        self._beside = [column for name in _BESIDE if (column := names.columns.get(name))]
        self._turn = itemgetter(names.role_tag, names.content_tag)
        tags = names.tags.get("user_tag"), names.tags.get("assistant_tag")
        self._roles = {tags * turns for turns in range(1, _MOST_TURNS + 1)}
        self._texts: Sequence[str] = ()
        self._folded: list[bytes] = []

    def read(self, row: Row) -> FoldedRecord | None:
        """Return what is hashed of a record that is plain; None for any other, and where it is not sure."""
        texts, system = self._read_texts(row)
        if not texts:
            return None
        *before, last = texts
        parts = split_canonical(last)
        if parts is None or not is_ordinary_answer(parts.answer):
            return None
        same = _count_same(before, self._texts)
        pieces = [*before[same:], *filter(None, (parts.thinking, parts.answer, system))]
        if not hold_nothing(pieces) or any(map(repeated_phrase, filter(None, parts[:2]))):
            return None
        folded = [*self._folded[:same], *map(fold, before[same:]), fold(parts.answer)]
        self._texts, self._folded = (texts if parts.thinking is None else before), folded
        return _fold_record(texts, folded, parts, system)

    def _read_texts(self, row: Row) -> tuple[Sequence[str], str]:
        """Return the texts of the messages, and the system text; no text where the row is not plain."""
        messages = row.get(self._messages)
        system = row.get(self._system) or "" if self._system else ""
        if type(messages) is not list or type(system) is not str or any(map(row.get, self._beside)):
            return (), ""
        try:
            roles, texts = zip(*map(self._turn, messages), strict=True)
            is_plain = roles in self._roles and set(map(type, texts)) == {str}
        except (KeyError, TypeError, ValueError):
            return (), ""
        return (texts if is_plain else ()), system


def plain_reader(entry: DatasetEntry, kind: DatasetKind) -> PlainRecordReader | None:
    """Return a reader of the plain rows of a dataset; None for one that is read by the slow path alone."""
    names = Names(entry)
    tags = [names.tags.get("user_tag"), names.tags.get("assistant_tag")]
    roles = tuple(names.roles.get(tag) for tag in tags if tag)
    is_sharegpt = kind == "sft" and entry.get("formatting") == "sharegpt" and roles == _ASKED
    is_named = names.columns.get("messages") and names.role_tag and names.content_tag
    is_other = names.is_ranking or names.columns.get("kto_tag") or not is_named
    return PlainRecordReader(names) if is_sharegpt and not is_other else None


def _count_same(texts: Sequence[str], others: Sequence[str]) -> int:
    """Return how many texts are the same at the beginning."""
    are_same = list(map(eq, texts, others))
    return are_same.index(False) if False in are_same else len(are_same)


def _fold_record(texts: Sequence[str], folded: Sequence[bytes], parts: Split, system: str) -> FoldedRecord:
    *before, answer = folded
    prompt = before[0]
    if len(before) > 1:
        others = chain.from_iterable(zip(cycle(_ASKED[::-1]), texts[1:-1], strict=False))
        prompt += b"\0" + encode_exactly(*others)
    whole = fold_whole([(answer, parts)])
    return FoldedRecord(
        before, [answer], prompt, whole, parts.thinking is not None, encode_exactly(system, "")
    )
