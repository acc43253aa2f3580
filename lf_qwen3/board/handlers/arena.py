"""Section Arena: one question, up to four answers, and votes of people who do not know whose they are.

Votes are below saves/arena/, a folder for each run: all of them in votes.jsonl; those that decide between
base and tuned model also as two files of predictions, with verdicts in the form of a judge's replies.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypedDict

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board.handlers import arena_model, evaluation, places, sampling
from lf_qwen3.board.handlers.arena_model import Way
from lf_qwen3.board.handlers.evaluation_files import folder_named_after
from lf_qwen3.board.handlers.sampling import Sampling
from lf_qwen3.data.registry.listing import count_rows
from lf_qwen3.proof.preview.request import PreviewRequest, chosen_rows, find_entry
from lf_qwen3.results.score import judge, predictions
from lf_qwen3.results.score.parts import split_parts
from lf_qwen3.results.score.predictions import Prediction
from lf_qwen3.trainer.records import Message, Record, RecordReader, split_off_label

FOLDER = Path(places.SAVES) / "arena"
VOTES, VERDICTS = "votes.jsonl", "verdicts.jsonl"
LABELS, TIE = "ABCD", "tie"
LONGEST_QUESTION, NEW_TOKENS = 8000, 1024
MOST_BYTES = 64 << 20
"""Of a file of votes."""

PATIENCE_SECONDS = 60
"""A round that no page has shown for so long is stopped: others wait for the model."""

MOST_KEPT = 1000
"""Browsers whose last round is kept, until the board is ended."""


class ArenaQuestion(TypedDict):
    """A question; `history` are the turns before it, `reference` the answer that its row has, or ""."""

    question: str
    system: str
    history: list[Message]
    reference: str


@dataclass(slots=True)
class ArenaRound:
    """One question and its answers by label, so far; `best` is a label or `TIE`.

    `is_over` when no more will come, because of an `error` perhaps; `seen` is when a page last showed it.
    """

    model: str
    seed: int
    asked: ArenaQuestion
    ways: dict[str, tuple[Way, Sampling]]
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    stop: Event = field(default_factory=Event)
    best: str = ""
    is_over: Event = field(default_factory=Event)
    error: LfQwen3Error | None = None
    seen: float = field(default_factory=time.monotonic)

    def __deepcopy__(self, memo: object) -> ArenaRound:
        """Return itself: who stops it must reach this very round."""
        return self


ROUNDS: dict[str, ArenaRound] = {}
"""Browser -> its last round."""


def draw_question(dataset: str | None, dataset_dir: str, seed: int | None = None) -> ArenaQuestion:
    """Return the question of a random row of a registered dataset, with its reference.

    Raises `UsageError` for no dataset, an unknown one, and a row that holds no question.
    """
    folder = places.from_here(places.require_inside(dataset_dir))
    name, entry, path = find_entry(PreviewRequest(dataset or "", str(folder)), {})
    places.require_inside(path)
    row = random.Random(seed).randint(1, count_rows(folder, entry) or 1)
    _, _, item = next(chosen_rows(PreviewRequest(name, row=row), path))
    record = RecordReader(split_off_label(entry)[0])(item) if isinstance(item, dict) else None
    if not isinstance(record, Record):
        raise UsageError(f"row {row} of {name} has no question", "draw another row", code="no_records")
    *history, question, answer = record.messages
    texts = {"question": question["content"].strip(), "reference": answer["content"]}
    return {"system": record.system, "history": history, **texts}  # type: ignore[typeddict-item]


def start_round(
    chatter: Any,
    text: str | None,
    drawn: ArenaQuestion | None = None,
    preset: str | None = "",
    new_tokens: float | None = NEW_TOKENS,
    is_demo: bool = False,
    seed: int | None = None,
) -> ArenaRound:
    """Return a round with no answers yet, whose labels `seed` deals out.

    `drawn` counts while its question is unchanged in `text`. Without a preset each mode has Qwen's own.
    Raises `UsageError` in demo mode, for an invalid field, and where no model is loaded.
    """
    places.refuse_demo(is_demo)
    question, tokens = (text or "").strip(), int(new_tokens or 0)
    asked: ArenaQuestion = {"question": question, "system": "", "history": [], "reference": ""}
    asked = drawn if drawn is not None and drawn["question"] == question else asked
    for what, value, most in (
        ("length of the question", len(question), LONGEST_QUESTION),
        ("max_new_tokens", tokens, evaluation.MOST_NEW_TOKENS),
    ):
        if not 1 <= value <= most:
            raise UsageError(f"{what}: {value:,}", f"use 1 to {most:,}", code="option_value")
    loaded = arena_model.describe(chatter)
    seed = random.SystemRandom().randrange(1 << 31) if seed is None else seed
    ways = random.Random(seed).sample(loaded["ways"], len(loaded["ways"]))
    samplings = [replace(sampling.find(preset or way.mode), max_new_tokens=tokens) for way in ways]
    dealt = dict(zip(LABELS, zip(ways, samplings, strict=True), strict=False))
    return ArenaRound(loaded["run"] or loaded["model"], seed, asked, dealt)


def run_round(chatter: Any, arena_round: ArenaRound, owner: str) -> None:
    """Answer a round of a browser in a thread: it continues while a page is loaded again."""
    ROUNDS.pop(owner, None)
    ROUNDS[owner] = arena_round
    for oldest in [*ROUNDS][:-MOST_KEPT]:
        del ROUNDS[oldest]
    Thread(target=_answer_all, args=(chatter, arena_round), daemon=True).start()


def _answer_all(chatter: Any, arena_round: ArenaRound) -> None:
    try:
        with arena_model.ONE_AT_A_TIME:
            for _ in answer_round(chatter, arena_round):
                if time.monotonic() - arena_round.seen > PATIENCE_SECONDS:
                    arena_round.stop.set()
    except LfQwen3Error as error:
        arena_round.error = error
    except Exception as error:  # the model may be unloaded meanwhile
        message = f"the model cannot answer: {error}"
        arena_round.error = LfQwen3Error(message, "load it again", code="generation_failed")
    finally:
        arena_round.is_over.set()


def answer_round(chatter: Any, arena_round: ArenaRound) -> Generator[str]:
    """Answer in all ways, one after the other; yield the label of an answer each time that it has grown.

    Raises what `arena_model.stream_answer` raises.
    """
    asked, stop = arena_round.asked, arena_round.stop
    messages: list[Message] = [*asked["history"], {"role": "user", "content": asked["question"]}]
    for label, (way, drawing) in arena_round.ways.items():
        answers = arena_model.stream_answer(
            chatter, messages, asked["system"], way, drawing, arena_round.seed, stop
        )
        for answer in () if stop.is_set() else answers:
            arena_round.answers[label] = answer
            yield label


def show_answer(arena_round: ArenaRound, label: str) -> dict[str, Any]:
    """Return what is shown of an answer: whose it is only after the vote."""
    answer, is_best = arena_round.answers[label], arena_round.best == label
    blind = {} if arena_round.best else {"model": "", "mode": ""}
    parts = split_parts(answer["text"])
    texts = {"thinking": parts.thinking, "answer": parts.answer}
    return {**answer, **blind, **texts, "label": label, "is_best": is_best}


def vote(arena_round: ArenaRound | None, label: str | None, is_demo: bool = False) -> dict[str, Any]:
    """Keep that the answer with this label is the best, or `TIE`; return all votes on the model.

    Raises `UsageError` in demo mode, for a round that is not answered or has its vote, for a label that is
    none of its own, and beyond `MOST_BYTES`.
    """
    places.refuse_demo(is_demo)
    states = [] if arena_round is None else [answer["state"] for answer in arena_round.answers.values()]
    if arena_round is None or arena_round.best or states != ["done"] * len(arena_round.ways):
        raise UsageError(
            "there is nothing to vote on", "ask a question, and wait for all answers", code="no_vote_open"
        )
    if label is None or label not in (TIE, *arena_round.answers):
        names = ", ".join(arena_round.answers)
        raise UsageError("no answer is selected", f"select {names} or no difference", code="nothing_chosen")
    file = votes_folder(arena_round.model) / VOTES
    if file.is_file() and file.stat().st_size > MOST_BYTES:
        raise UsageError(f"{file} is full", "move it away to start again", code="file_too_large")
    head = {"model": arena_round.model, "seed": arena_round.seed, **arena_round.asked}
    places.require_inside(file).parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as lines:
        lines.write(json.dumps({**head, "answers": arena_round.answers, "best": label}).encode() + b"\n")
    arena_round.best = label
    return count_votes(arena_round.model)


def count_votes(model: str) -> dict[str, Any]:
    """Return the votes on a model, and write what `compare` reads of them.

    Of each of the `ways` how often it was shown and best; `pairs` decide between base and tuned. Raises
    `LfQwen3Error` for votes that cannot be read.
    """
    folder = votes_folder(model)
    try:
        votes = [json.loads(line) for line in (folder / VOTES).read_bytes().splitlines()]
    except (OSError, ValueError) as error:
        raise LfQwen3Error(
            f"{folder / VOTES} cannot be read: {error}", "repair it, or move it away", code="file_unreadable"
        ) from error
    shown = Counter(_way(answer) for vote in votes for answer in vote["answers"].values())
    best = Counter(_way(vote["answers"][vote["best"]]) for vote in votes if vote["best"] != TIE)
    ways = [{**way._asdict(), "shown": shown[way], "best": best[way]} for way in sorted(shown)]
    ties, pairs = len(votes) - best.total(), _export(folder, votes)
    return {"votes": len(votes), "ties": ties, "ways": ways, "pairs": pairs, "folder": str(folder)}


def votes_folder(model: str) -> Path:
    """Return the folder of the votes on a model. Raises `UsageError` where links lead it outside."""
    return folder_named_after(Path(model), FOLDER)


def _way(answer: Mapping[str, Any]) -> Way:
    return Way(answer["model"], answer["mode"])


def _export(folder: Path, votes: list[dict[str, Any]]) -> int:
    """Write predictions and verdicts of the votes that decide between base and tuned; return how many do."""
    rows: dict[str, list[Prediction]] = {"base": [], "tuned": []}
    better: list[str] = []
    for vote in votes:
        answers = {_way(answer): answer for answer in vote["answers"].values()}
        best = TIE if vote["best"] == TIE else _way(vote["answers"][vote["best"]])
        for mode in sorted({way.mode for way in answers}):
            pair = [Way(model, mode) for model in rows]
            if set(pair) <= set(answers) and best in (*pair, TIE):
                for way in pair:
                    texts = answers[way]["prompt"], answers[way]["text"], vote["reference"]
                    rows[way.model].append(Prediction(*texts, len(rows[way.model]) + 1))
                better.append(best if isinstance(best, str) else best.model)
    for model, predicted in rows.items() if better else ():
        _write(
            folder / model / predictions.FILE,
            ({key: getattr(row, key) for key in predictions.KEYS} for row in predicted),
        )
    if better:
        _write(folder / VERDICTS, _verdicts(rows, better))
    return len(better)


def _write(file: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    places.write_inside(file, "".join(f"{json.dumps(line)}\n" for line in lines))


def _verdicts(rows: Mapping[str, list[Prediction]], better: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the replies of a judge who prefers the same answer in both orders."""
    for request in judge.judge_requests(rows["tuned"], rows["base"]):
        is_first = (better[request.row] == "tuned") == (request.place == "first")
        verdict = {"better": TIE if better[request.row] == TIE else "1" if is_first else "2"}
        body = {"choices": [{"message": {"role": "assistant", "content": json.dumps(verdict)}}]}
        yield {"custom_id": request.custom_id, "response": {"status_code": 200, "body": body}}
