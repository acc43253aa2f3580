"""Section Arena: one question to the base and to the tuned model, thinking and not, and a blind vote."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.buttons import add_action
from lf_qwen3.board.frame import QUIET, Frame, Updates, Values, View
from lf_qwen3.board.handlers import arena, arena_model, data, run_folders, sampling
from lf_qwen3.board.handlers.arena import ArenaRound
from lf_qwen3.board.texts import texts
from lf_qwen3.board.visitors import browser_of

_UPDATE_SECONDS = 0.2

CHAT = ("infer.chat_box",)
"""What the Chat tab shows while a model is loaded."""


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    if frame.board.engine is None:
        frame.add("alone", gr.Markdown, elem_classes="lfq-help")
        return
    _add_loading(frame)
    form, asked = _add_form(frame)
    with gr.Row():
        ask = frame.add("ask", gr.Button, variant="primary")
        stop = frame.add("stop", gr.Button, variant="stop")
    with gr.Row(elem_classes="lfq-arena"):
        answers = {label: frame.view(f"answer_{label}", template="answer") for label in arena.LABELS}
    with gr.Row(equal_height=True):
        best = frame.add("best", gr.Radio, scale=4)
        vote = frame.add("vote", gr.Button, min_width=140)
    this_round = gr.State(None)
    _bind_asking(frame, form, asked, answers, (ask, best, this_round))
    # Never disabled: a page that is loaded while a round is answered must be able to end it at once.
    stop.click(_end_round, None, None, concurrency_limit=None, **QUIET)
    _bind_voting(frame, answers, (vote, best, this_round))


def _add_loading(frame: Frame) -> None:
    board = frame.board
    with gr.Row(equal_height=True):
        run = frame.add_list("run", run_folders.trainings, scale=4)
        load = frame.add("load", gr.Button, min_width=140)
    model, chatter, boxes = frame.view("model"), board.engine.chatter, board.find_all(CHAT)

    def plan(values: Values) -> Updates:
        try:
            return model.show(arena_model.plan_load(values[run]) if values[run] else None, values[board.lang])
        except LfQwen3Error as error:
            return model.show(error, values[board.lang])

    def load_run(values: Values) -> Iterator[Updates]:
        language = values[board.lang]
        try:
            planned = arena_model.plan_load(values[run])
            yield model.show({**planned, "is_loading": True}, language)
            loaded = arena_model.load_run(chatter, values[run], board.is_demo)
            yield model.show(loaded, language) | {box: gr.Column(visible=True) for box in boxes}
        except LfQwen3Error as error:
            yield model.show(error, language)

    run.change(plan, {board.lang, run}, model.outputs, **QUIET)
    load.click(load_run, {board.lang, run}, [*model.outputs, *boxes], concurrency_limit=1, **QUIET)


def _add_form(frame: Frame) -> tuple[list[Any], View]:
    """Make the fields (question, preset, tokens, what was drawn), and the view of what was drawn."""
    with gr.Row(equal_height=True):
        dataset = frame.add_list("dataset", data.registered, [frame.board.dataset_dir], scale=4)
        draw = frame.add("draw", gr.Button, min_width=140)
    question = frame.add("question", gr.Textbox, lines=3, max_length=arena.LONGEST_QUESTION)
    asked = frame.view("asked")
    with gr.Row():
        preset = frame.add_list("preset", sampling.names)
        tokens = frame.add("new_tokens", gr.Number, value=arena.NEW_TOKENS, precision=0)
    drawn = gr.State(None)

    def draw_question(values: Values) -> tuple[object, Updates]:
        row = arena.draw_question(values[dataset], values[frame.board.dataset_dir])
        return row, {question: row["question"], drawn: row}

    add_action(frame, draw, asked, [dataset, frame.board.dataset_dir], draw_question, [question, drawn])
    return [question, drawn, preset, tokens], asked


def _bind_asking(
    frame: Frame, form: list[Any], asked: View, answers: dict[str, View], bound: tuple[Any, ...]
) -> None:
    """Let `ask` stream the answers; show an error in the place of what was drawn.

    The round continues in the server: a page that is loaded again shows the last one of its browser.
    """
    (ask, best, this_round), board = bound, frame.board
    chatter, lang, question = board.engine.chatter, board.lang, form[0]

    async def answer(values: Values, page: gr.Request) -> AsyncIterator[Updates]:
        given = dict(zip(("text", "drawn", "preset", "new_tokens"), map(values.get, form), strict=True))
        try:
            started = await asyncio.to_thread(arena.start_round, chatter, **given, is_demo=board.is_demo)
        except LfQwen3Error as error:
            yield asked.show(error, values[lang])
            return
        arena.run_round(chatter, started, browser_of(page))
        async for updates in _follow(started, values[lang], asked, answers, bound):
            yield updates

    async def restore(values: Values, page: gr.Request) -> AsyncIterator[Updates]:
        last = arena.ROUNDS.get(browser_of(page))
        if values[this_round] is not None or last is None:  # the language was changed, or nothing asked yet
            yield {this_round: gr.skip()}
            return
        yield {question: last.asked["question"]}
        async for updates in _follow(last, values[lang], asked, answers, bound):
            yield updates

    outputs = [part for view in (asked, *answers.values()) for part in view.outputs]
    outputs += [this_round, best, ask]
    ask.click(answer, {lang, *form}, outputs, concurrency_limit=None, **QUIET)
    frame.restoring.append((restore, {lang, this_round}, [question, *outputs]))


def _end_round(page: gr.Request) -> None:
    if last := arena.ROUNDS.get(browser_of(page)):
        last.stop.set()


async def _follow(
    shown: ArenaRound, language: str | None, asked: View, answers: dict[str, View], bound: tuple[Any, ...]
) -> AsyncIterator[Updates]:
    """Draw a round from its beginning, and what it answers until it is over."""
    ask, best, this_round = bound

    def busy(is_busy: bool) -> Updates:
        return {ask: gr.Button(interactive=not is_busy)}

    choices = texts(language).props("arena.best")["choices"]
    named = [choice for choice in choices if choice[1] in (arena.TIE, *shown.ways)]
    begun = {this_round: shown, best: gr.Radio(choices=named, value=shown.best or None)} | busy(True)
    empty = {element: value for view in answers.values() for element, value in view.show(None, None).items()}
    yield begun | empty | asked.show(shown.asked, language)
    before: dict[str, Any] = {}
    is_over = False
    while not is_over:
        is_over, now, shown.seen = shown.is_over.is_set(), dict(shown.answers), time.monotonic()
        changed = [label for label in now if now[label] is not before.get(label)]
        for label in changed:
            yield answers[label].show(arena.show_answer(shown, label), language)
        before = now
        await asyncio.sleep(0 if is_over else _UPDATE_SECONDS)
    yield busy(False) | (asked.show(shown.error, language) if shown.error else {})


def _bind_voting(frame: Frame, answers: dict[str, View], bound: tuple[Any, ...]) -> None:
    vote, best, this_round = bound

    def count(values: Values) -> tuple[object, Updates]:
        voted = values[this_round]
        counts = arena.vote(voted, values[best], frame.board.is_demo)
        updates: Updates = {}
        for label in voted.answers:
            updates |= answers[label].show(arena.show_answer(voted, label), values[frame.board.lang])
        return counts, updates

    def recount(values: Values, page: gr.Request) -> Updates:
        last = arena.ROUNDS.get(browser_of(page))
        if last is None or not last.best:
            return {counts.state: gr.skip()}
        return counts.show(arena.count_votes(last.model), values[lang])

    counts, lang = frame.view("counts"), frame.board.lang
    shown = [element for view in answers.values() for element in view.outputs]
    add_action(frame, vote, counts, [best, this_round], count, shown)
    frame.restoring.append((recount, {lang}, counts.outputs))
