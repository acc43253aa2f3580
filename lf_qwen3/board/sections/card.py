"""The card on top: a tuned Qwen3 from these files, in three fields and one button."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.buttons import add_work
from lf_qwen3.board.filling import fill
from lf_qwen3.board.frame import QUIET, Frame, Updates, Values, read_form
from lf_qwen3.board.handlers import card, card_cures, card_next, data, places, train_fill
from lf_qwen3.board.sections.train import STAGE_SECONDS, model_names

_PRESS = """pressed => {
  if (window.lfQwen3.pressed === pressed) return;
  window.lfQwen3.pressed = pressed;
  const [target] = pressed.split("\\n"), button = document.getElementById(target);
  for (let panel = button; (panel = panel?.parentElement?.closest("[role=tabpanel]")); )
    document.querySelector(`[role=tab][aria-controls="${panel.id}"]`)?.click();
  button ? button.click() : window.lfQwen3.goTo(target);
}"""
"""Clicks a button wherever it is, the tabs around it opened first; or goes to a section; each time once."""


def build(frame: Frame) -> None:
    """Make the elements of the card and bind their events."""
    board = frame.board
    with gr.Row(equal_height=True):
        upload = frame.add("upload", gr.File, file_count="multiple", height=160, scale=2)
        with gr.Column(scale=3):
            paths = frame.add_list("paths", places.list_data_files, multiselect=True, value=[])
            with gr.Row():
                model = frame.add_list("model", card.model_names)
                aim = frame.add("aim", gr.Dropdown, value="thinking")
    prepare = frame.add("prepare", gr.Button, variant="primary")
    plan, cured, goal = frame.view("plan"), gr.State(None), gr.State(None)
    form = {"upload": upload, "paths": paths, "model": model, "aim": aim}
    for element in form.values():
        element.change(lambda: None, None, cured, queue=False, **QUIET)

    def ask(values: Values) -> dict[str, Any]:
        top, folder = board.value(values, "top.model_path", ""), values[board.dataset_dir]
        has_board = board.engine is not None
        fields = read_form(form, values)
        return values[cured] or card.request(fields, folder, top, is_demo=board.is_demo, has_board=has_board)

    def done(known: dict[str, Any], values: Values) -> Updates:
        datasets = known.get("report", {}).get("datasets", [])
        filled = None if known["stop"] else {"known": known, "action": ""}
        return {frame.datasets: datasets, cured: None, goal: filled}

    inputs = [*form.values(), cured, board.dataset_dir, *board.find_all(["top.model_path"])]
    add_work(frame, prepare, "card.prepare", plan, inputs, ask, done, [frame.datasets, cured, goal])
    press = gr.Textbox(elem_classes="lfq-hidden", container=False)
    press.change(None, press, None, js=_PRESS, **QUIET)

    def act(value: str, values: Values) -> Updates:
        action, _, kind = value.partition(":")
        known = values[plan.state] or {}
        if action == "cure":
            return {cured: card_cures.apply_cure(known, kind), press: _press(_id_of(prepare))}
        if action == "go" and kind in ("data", "proof", "train"):
            return {press: _press(kind)}
        if action in card_next.ACTIONS and board.engine is not None:
            return {goal: {"known": known, "action": action, "time": time.time()}}
        return {}

    frame.on_click(plan, act, [plan.state], [cured, press, goal])
    if board.engine is not None:
        _bind_goal(frame, goal, press)


def _bind_goal(frame: Frame, goal: Any, press: Any) -> None:
    """Set the board's fields for a training, or for a chat with what it has made, and start that."""
    board, lang, shown = frame.board, frame.board.lang, frame.view("next")
    fields = board.find_all(card_next.elements())
    buttons = {"start": board.find("train.start_btn"), "chat": board.find("infer.load_btn")}

    def read(values: Values) -> card_next.GoalValues:
        now = {name: board.value(values, name, "") for name in card_next.elements()}
        return card_next.list_values(values[goal], now, model_names(board), board.engine.chatter.loaded)

    def fill_in(values: Values) -> Iterator[Updates]:
        yield {press: gr.skip()}  # of a generator that yields nothing gradio empties the outputs
        if not values[goal]:
            return
        try:
            wanted = read(values)
        except LfQwen3Error as error:
            yield shown.show(error, values[lang])
            return
        if (
            values[goal]["action"] == "start" and not wanted.wrong
        ):  # what was changed by hand since then counts
            return
        if wanted.first:
            yield fill(board, wanted.first)[0]
            time.sleep(STAGE_SECONDS)
        updates = fill(board, wanted.then)[0] | shown.show(None, values[lang])
        if train_fill.DATASET in wanted.then:
            dataset, names = board.find(train_fill.DATASET), data.registered(values[board.dataset_dir])
            updates[dataset] = gr.Dropdown(choices=names, value=wanted.then[train_fill.DATASET])
        yield updates

    def go_on(values: Values) -> Updates:
        if not values[goal] or not values[goal]["action"]:
            return {press: gr.skip()}
        try:
            wrong = read(values).wrong
        except LfQwen3Error:  # it is shown
            return {press: gr.skip()}
        if wrong:
            return shown.show({"names": wrong}, values[lang])
        return {press: _press(_id_of(buttons[values[goal]["action"]]))}

    inputs = {goal, lang, board.dataset_dir, *fields}
    event = goal.change(fill_in, inputs, [press, *shown.outputs, *fields], concurrency_limit=None, **QUIET)
    event.then(go_on, inputs, [press, *shown.outputs], **QUIET)


def _id_of(button: Any) -> str:
    return button.elem_id or f"component-{button._id}"


def _press(target: str) -> str:
    """Return the value by which the page presses a target, with the time: it may be the same as before."""
    return f"{target}\n{time.time()}"
