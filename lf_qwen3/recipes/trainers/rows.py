"""Rows for other trainers: LLaMA-Factory's ids and labels of a record, in the form that a trainer reads.

A form writes a row, and says in pieces what its trainer makes of it: text to tokenise, or ids, each in the
loss or not. `data_file` compares the pieces with the record's own ids before a file is put in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from lf_qwen3.trainer.render import MASKED, Encoded
from lf_qwen3.trainer.render.text import IM_END

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

RAW_TEMPLATE = "{% for message in messages %}{{ message.content }}{% endfor %}"
"""A chat template that adds nothing: the messages hold the text whole, its markers included."""


class Fed(NamedTuple):
    """One sequence that is learnt: ids, and labels that are the ids again or -100 outside the loss."""

    input_ids: list[int]
    labels: list[int]


class TrainerRow(NamedTuple):
    """A record: one sequence, or those of the chosen and the rejected answer; `label` is that of KTO data."""

    sides: tuple[Fed, ...]
    label: bool | None = None


class FedPiece(NamedTuple):
    """A part of a sequence as a trainer makes it of a row: text that it tokenises by itself, or ids."""

    content: str | list[int]
    is_learnt: bool


FedPieces = list[FedPiece]


class UnwritableError(Exception):
    """The form cannot hold this record; the text says why."""


@dataclass(frozen=True)
class RowForm:
    """How a trainer's rows look: `write` makes one, `read` says what the trainer feeds of it, side by side.

    `columns` are those of a parquet file, () for JSONL. With `is_joint` the trainer tokenises a sequence as
    one text and takes the prompt's tokens off. `fit` is what the trainer can learn of a sequence where that
    is not all.
    """

    write: Callable[[TrainerRow, Tokenizer], dict[str, Any]]
    read: Callable[[dict[str, Any]], list[FedPieces]]
    columns: tuple[str, ...] = ()
    is_joint: bool = False
    fit: Callable[[Fed, Tokenizer], Fed] = lambda fed, tokenizer: fed

    @property
    def extension(self) -> str:
        """The end of a file's name."""
        return "parquet" if self.columns else "jsonl"


def as_fed(encoded: Encoded) -> Fed:
    """Return ids and labels of a rendered record."""
    return Fed(encoded.input_ids, encoded.labels)


def cut_at_mask(fed: Fed) -> list[tuple[list[int], bool]]:
    """Return the stretches of a sequence that are in the loss, or not, in their order."""
    marked = zip(fed.input_ids, fed.labels, strict=True)
    stretches = groupby(marked, key=lambda pair: pair[1] != MASKED)
    return [([token for token, _ in pairs], is_learnt) for is_learnt, pairs in stretches]


def decode(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """Return the text of ids, special tokens included."""
    text: str = tokenizer.decode(list(ids), skip_special_tokens=False)
    return text


def split_pair(row: TrainerRow, tokenizer: Tokenizer) -> tuple[str, list[str]]:
    """Return the text of the prompt and of each answer of a row; raise `UnwritableError` for other rows."""
    sides = [cut_at_mask(side) for side in row.sides]
    if any([is_learnt for _, is_learnt in side] != [False, True] for side in sides):
        raise UnwritableError("it is not one prompt with one answer")
    return decode(tokenizer, sides[0][0][0]), [decode(tokenizer, side[1][0]) for side in sides]


def without_last_newline(fed: Fed, tokenizer: Tokenizer) -> Fed:
    """Return a sequence that ends with <|im_end|>, for trainers that end a text there."""
    newline = tokenizer.token_to_id("Ċ")
    keep = len(fed.input_ids) - (fed.input_ids[-1:] == [newline])
    return Fed(fed.input_ids[:keep], fed.labels[:keep])


def _write_tokens(row: TrainerRow, tokenizer: Tokenizer) -> dict[str, Any]:
    return {"input_ids": row.sides[0].input_ids, "labels": row.sides[0].labels}


def _read_tokens(row: dict[str, Any]) -> list[FedPieces]:
    fed = Fed(row["input_ids"], row["labels"])
    return [[FedPiece(ids, is_learnt) for ids, is_learnt in cut_at_mask(fed)]]


def _write_masked(row: TrainerRow, tokenizer: Tokenizer) -> dict[str, Any]:
    side = row.sides[0]
    return {"input_ids": side.input_ids, "loss_mask": [int(label != MASKED) for label in side.labels]}


def _read_masked(row: dict[str, Any]) -> list[FedPieces]:
    marked = zip(row["input_ids"], row["loss_mask"], strict=True)
    return [[FedPiece([token], bool(mask)) for token, mask in marked]]


def _write_segments(row: TrainerRow, tokenizer: Tokenizer) -> dict[str, Any]:
    cut = cut_at_mask(row.sides[0])
    return {"segments": [{"label": is_learnt, "text": decode(tokenizer, ids)} for ids, is_learnt in cut]}


def _read_segments(row: dict[str, Any]) -> list[FedPieces]:
    return [[FedPiece(segment["text"], segment["label"]) for segment in row["segments"]]]


def _write_raw_pair(row: TrainerRow, tokenizer: Tokenizer) -> dict[str, Any]:
    prompt, answers = split_pair(row, tokenizer)
    said = [[{"role": "assistant", "content": answer}] for answer in answers]
    names = ("chosen", "rejected") if len(said) == 2 else ("completion",)
    return {
        "prompt": [{"role": "user", "content": prompt}],
        **dict(zip(names, said, strict=True)),
        **({} if row.label is None else {"label": row.label}),
        "chat_template_kwargs": {"chat_template": RAW_TEMPLATE},
    }


def _read_raw_pair(row: dict[str, Any]) -> list[FedPieces]:
    answers = [row[name] for name in ("chosen", "rejected", "completion") if name in row]
    return [
        [FedPiece(row["prompt"][0]["content"], False), FedPiece(answer[0]["content"], True)]
        for answer in answers
    ]


def _write_text_pair(row: TrainerRow, tokenizer: Tokenizer) -> dict[str, Any]:
    prompt, answers = split_pair(row, tokenizer)
    answers = [answer.removesuffix("\n") for answer in answers]
    if not all(answer.endswith(IM_END) for answer in answers):
        raise UnwritableError(f"cutoff_len truncates it, but the trainer ends each text with {IM_END}")
    names = ("chosen", "rejected") if len(answers) == 2 else ("completion",)
    label = {} if row.label is None else {"label": row.label}
    return {"prompt": prompt, **dict(zip(names, answers, strict=True)), **label}


def _read_text_pair(row: dict[str, Any]) -> list[FedPieces]:
    answers = [row[name] for name in ("chosen", "rejected", "completion") if name in row]
    return [[FedPiece(row["prompt"], False), FedPiece(answer, True)] for answer in answers]


TOKENS = RowForm(_write_tokens, _read_tokens)
"""`input_ids` and `labels` (TRL, Unsloth)."""

MASKED_TOKENS = RowForm(_write_masked, _read_masked, columns=("input_ids", "loss_mask"))
"""`input_ids` and `loss_mask` in parquet (verl)."""

SEGMENTS = RowForm(_write_segments, _read_segments)
"""Segments of text, each in the loss or not (Axolotl's input_output)."""

RAW_PAIRS = RowForm(_write_raw_pair, _read_raw_pair, is_joint=True)
"""Prompt and answers as messages that hold the text whole, with a chat template that adds nothing (TRL)."""

TEXT_PAIRS = RowForm(_write_text_pair, _read_text_pair, is_joint=True, fit=without_last_newline)
"""Prompt and answers as text, to which the trainer adds <|im_end|> where it is missing (Axolotl)."""
