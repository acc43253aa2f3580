"""ms-swift's rows: messages that hold all text, thinking included, each answer with its place in the loss.

ms-swift adds an empty think block to answers and takes thinking out of the history by rules of its own;
`loss`, `loss_scale` and the settings `preserve_thinking: true` and `add_non_thinking_prefix: false` switch
them off, so that the messages are what is learnt. Sources: swift/template/base.py, swift/loss_scale/base.py
(4.6.0).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lf_qwen3.qwen3.thinking import OPEN
from lf_qwen3.recipes.trainers.rows import (
    Fed,
    FedPiece,
    FedPieces,
    RowForm,
    TrainerRow,
    UnwritableError,
    decode,
)
from lf_qwen3.trainer.render import MASKED
from lf_qwen3.trainer.render.text import EMPTY_THINKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

_TURN = re.compile(r"<\|im_start\|>(system|user|assistant)\n(.*)<\|im_end\|>\n", re.DOTALL)
_MEDIA = re.compile(r"<(?:image|video|audio)>")
_START, _END = "<|im_start|>", "<|im_end|>\n"


def _write(row: TrainerRow, tokenizer: Tokenizer) -> dict[str, Any]:
    chosen, *rejected = (_messages(side, tokenizer) for side in row.sides)
    written: dict[str, Any] = {"messages": chosen}
    if rejected:
        if rejected[0][-1]["content"] == chosen[-1]["content"]:
            raise UnwritableError("chosen and rejected are the same")
        written["rejected_response"] = rejected[0][-1:]
    if row.label is not None:
        written["label"] = row.label
    return written


def _messages(fed: Fed, tokenizer: Tokenizer) -> list[dict[str, Any]]:
    """Return the messages of a sequence; raise `UnwritableError` for one that is not made of whole turns."""
    start, opening = (tokenizer.token_to_id(token) for token in (_START, OPEN))
    begins = [at for at, token in enumerate(fed.input_ids) if token == start]
    messages = []
    for first, last in zip(begins, [*begins[1:], len(fed.input_ids)], strict=True):
        turn = _TURN.fullmatch(decode(tokenizer, fed.input_ids[first:last]))
        if not turn:
            raise UnwritableError("cutoff_len truncates it, but messages are whole")
        if _MEDIA.search(turn[2]):
            raise UnwritableError(
                "its text contains <image>, <video> or <audio>, which ms-swift reads as a file"
            )
        message: dict[str, Any] = {"role": turn[1], "content": turn[2]}
        if turn[1] == "assistant":
            learnt = [label != MASKED for label in fed.labels[first:last]]
            message["loss"] = any(learnt)
            if turn[2].startswith(EMPTY_THINKING) and learnt[fed.input_ids[first:last].index(opening)]:
                message["loss_scale"] = 1.0
        messages.append(message)
    if begins[:1] != [0]:
        raise UnwritableError("cutoff_len truncates it, but messages are whole")
    return messages


def _read(row: dict[str, Any]) -> list[FedPieces]:
    sides = [row["messages"]]
    if "rejected_response" in row:
        sides.append([*row["messages"][:-1], *row["rejected_response"]])
    return [[piece for message in side for piece in _pieces(message)] for side in sides]


def _pieces(message: dict[str, Any]) -> FedPieces:
    head, content = f"{_START}{message['role']}\n", message["content"]
    if message["role"] != "assistant":
        return [FedPiece(f"{head}{content}{_END}", False)]
    is_learnt = bool(message.get("loss"))
    hides_block = content.startswith(EMPTY_THINKING) and not message.get("loss_scale")
    block = EMPTY_THINKING if is_learnt and hides_block else ""
    return [
        FedPiece(head, False),
        FedPiece(block, False),
        FedPiece(f"{content.removeprefix(block)}{_END}", is_learnt),
    ]


MESSAGES = RowForm(_write, _read)
"""Messages with their place in the loss (ms-swift)."""
