"""From the tokens of each message to what the model is fed: the cut at cutoff_len, the loss mask, the parts.

Sources: data/processor/supervised.py, pairwise.py and processor_utils.infer_seqlen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

MASKED = -100
"""The label of a token outside the loss (torch's ignore_index)."""

PartName = Literal["prompt", "thinking", "answer"]


class Marks(NamedTuple):
    """The ids of the tokens that bound the parts; -1 where the tokenizer has no such token."""

    open: int
    close: int
    end: int


class TokenPiece(NamedTuple):
    """One part of one turn: `input_ids[start:stop]` is what the cut left of its `whole` tokens.

    The thinking reaches from the opening to the closing tag, both included. An empty block that the
    template puts outside the loss belongs to the prompt.
    """

    part: PartName
    turn: int
    start: int
    stop: int
    whole: int


class Encoded(NamedTuple):
    """What the trainer feeds for one record.

    `labels` are the ids again, or -100 outside the loss; `learnt` counts those inside. `lost_close` and
    `lost_end` tell that the cut took the closing think tag or the `<|im_end|>` of an answer in the loss.
    `stopped` is "" or why the trainer ends with an error at this record; there are no ids then.
    """

    input_ids: list[int]
    labels: list[int]
    pieces: tuple[TokenPiece, ...] = ()
    learnt: int = 0
    lost_close: bool = False
    lost_end: bool = False
    stopped: str = ""

    @property
    def length(self) -> int:
        """The number of tokens before the cut."""
        return sum(piece.whole for piece in self.pieces)

    @property
    def is_cut(self) -> bool:
        """Whether cutoff_len took anything."""
        return self.length > len(self.input_ids)

    def count(self, part: PartName) -> int:
        """Return the number of tokens of a part before the cut, over all turns."""
        return sum(piece.whole for piece in self.pieces if piece.part == part)


class TurnTokens(NamedTuple):
    """A prompt and its answer in tokens; `learns_prompt` and `learns_answer` say what is in the loss."""

    prompt: list[int]
    answer: list[int]
    learns_prompt: bool
    learns_answer: bool


Lengths = tuple[int, int]


def fit(prompt: int, answer: int, room: int) -> Lengths:
    """Return how many tokens of a prompt and of its answer are kept in `room` tokens (infer_seqlen).

    The one that takes less than half of the room is kept whole; else both shrink alike.
    """
    if answer * 2 < room:
        most = room
    elif prompt * 2 < room:
        most = room - prompt
    else:
        most = int(room * (answer / (prompt + answer)))
    kept = min(most, answer)
    return min(room - kept, prompt), kept


def fit_turns(turns: Sequence[TurnTokens], cutoff_len: int, last_first: bool) -> list[Lengths]:
    """Return what is kept of every turn; those that find no room are left out whole."""
    kept = [(0, 0)] * len(turns)
    for at in reversed(range(len(turns))) if last_first else range(len(turns)):
        if cutoff_len <= 0:
            break
        kept[at] = fit(len(turns[at].prompt), len(turns[at].answer), cutoff_len)
        cutoff_len -= sum(kept[at])
    return kept


def assemble(turns: Sequence[TurnTokens], kept: Sequence[Lengths], marks: Marks) -> Encoded:
    """Join what is kept of the turns."""
    ids: list[int] = []
    labels: list[int] = []
    pieces: list[TokenPiece] = []
    learnt, lost_close, lost_end = 0, False, False
    for number, (turn, (prompt, answer)) in enumerate(zip(turns, kept, strict=True)):
        pieces += _pieces(number, len(ids), turn, (prompt, answer), marks)
        for tokens, is_learnt in (
            (turn.prompt[:prompt], turn.learns_prompt),
            (turn.answer[:answer], turn.learns_answer),
        ):
            ids += tokens
            labels += tokens if is_learnt else [MASKED] * len(tokens)
            learnt += len(tokens) * is_learnt
        if answer < len(turn.answer) and turn.learns_answer and prompt + answer:
            lost_close |= marks.close in turn.answer[answer:] and marks.close not in turn.answer[:answer]
            lost_end |= marks.end in turn.answer[answer:]
    return Encoded(ids, labels, tuple(pieces), learnt, lost_close, lost_end)


def thinking_span(answer: list[int], marks: Marks) -> tuple[int, int]:
    """Return where the reasoning of an answer begins and ends, (0, 0) where it has none.

    A missing opening tag leaves it beginning with the answer, a missing closing tag ending with it.
    """
    has_open, has_close = marks.open in answer, marks.close in answer
    if not (has_open or has_close):
        return 0, 0
    start = answer.index(marks.open) if has_open else 0
    stop = answer.index(marks.close) + 1 if has_close else len(answer)
    return (start, stop) if start < stop else (0, stop)


def _pieces(turn: int, start: int, tokens: TurnTokens, kept: Lengths, marks: Marks) -> list[TokenPiece]:
    """Return the pieces of a turn in their order; an answer may have text before its thinking."""
    middle, stop = start + kept[0], start + sum(kept)
    head, tail = thinking_span(tokens.answer, marks)
    bounds: list[tuple[PartName, int, int]] = [
        ("answer", 0, head),
        ("thinking", head, tail),
        ("answer", tail, len(tokens.answer)),
    ]
    return [
        TokenPiece("prompt", turn, start, middle, len(tokens.prompt)),
        *(
            TokenPiece(part, turn, min(middle + first, stop), min(middle + last, stop), last - first)
            for part, first, last in bounds
            if first < last
        ),
    ]
