"""Section Train presets: fill in the Train tab from a recipe, keep its settings, rehearse them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.board import Board
from lf_qwen3.board.buttons import add_action, add_work
from lf_qwen3.board.filling import fill
from lf_qwen3.board.frame import QUIET, Elements, Frame, Updates, Values, View, read_form
from lf_qwen3.board.handlers import data, places, sampling, train, train_fill, train_run, train_steps

STAGE_SECONDS = 1.0
"""The board empties the dataset when its training stage changes: one round trip to the browser."""


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    form = _add_form(frame)
    plan = frame.view("plan")
    _bind_plan(frame, form, plan)
    chosen = _bind_ways(frame, form, plan)
    if frame.board.engine is not None:
        with gr.Row():
            fill_in = frame.add("fill", gr.Button, variant="primary")
            measure = frame.add("measure", gr.Button)
        _bind_fill(frame, form, fill_in)
        _bind_measure(frame, form, measure, plan, chosen)
    _add_save(frame, form)
    _add_rehearsal(frame, form)


def _add_form(frame: Frame) -> Elements:
    def trackers() -> list[str]:
        return ["", *train.tracking_names()]

    changes, model = gr.State({}), frame.board.find_all(["top.model_path"])
    every = frame.add("every", gr.Checkbox, value=False, visible=bool(model))
    with gr.Row():
        recipe = frame.add_list("recipe", train.recipe_names, [every, *model], scale=2)
        dataset = frame.add_list("dataset", data.registered, [frame.board.dataset_dir], scale=2)
    with gr.Row():
        hardware = frame.add_list("hardware", train.hardware_names, value=[], multiselect=True, scale=2)
        tracking = frame.add_list("tracking", trackers)
        gpus = frame.add("gpus", gr.Number, value=_gpus(frame), precision=0)
    recipe.change(lambda: {}, None, changes, **QUIET)
    frame.follow_datasets(dataset)
    more = {"hardware": hardware, "tracking": tracking, "gpus": gpus, "changes": changes}
    return {"recipe": recipe, "dataset": dataset, **more}


def _bind_plan(frame: Frame, form: Elements, plan: View) -> None:
    """Show what a choice means as soon as it is made."""
    inputs = [*form.values(), frame.board.dataset_dir, plan.state, frame.board.lang]

    def show_plan(*values: Any) -> Updates:
        *given, dataset_dir, shown, language = values
        asked = train.TrainingForm(**dict(zip(form, given, strict=True)), dataset_dir=dataset_dir)
        if not asked.recipe:  # nor is anything said at page load, when the language may not be known yet
            return plan.show(None, language) if shown else {plan.state: None}
        try:
            return plan.show(train.plan_choice(asked), language)
        except LfQwen3Error as error:
            return plan.show(error, language)

    for element in form.values():
        element.change(show_plan, inputs, plan.outputs, trigger_mode="always_last", **QUIET)


def _bind_ways(frame: Frame, form: Elements, plan: View) -> Any:
    """Let the ways to take less change what was measured: the choice, or the Train tab. Return the event."""
    board, hardware, changes = frame.board, form["hardware"], form["changes"]
    fields = board.find_all(train_fill.elements())

    def apply(number: str, values: Values) -> Updates:
        try:
            chosen = train_steps.choose_way(values[plan.state], number)
            if "recipe" not in values[plan.state]:
                extra = sampling.read_arguments(board.value(values, train_fill.EXTRA), "Train")
                booster = board.value(values, "top.booster", "auto")
                return fill(board, train_fill.change_values(chosen, extra, booster))[0]
        except LfQwen3Error as error:
            return plan.show(error, values[board.lang])
        names, settings = train_steps.split_presets(chosen, values[hardware] or [], train.hardware_names())
        return {hardware: names, changes: values[changes] | settings}

    outputs = [hardware, changes, *plan.outputs, *fields]
    return frame.on_click(plan, apply, [plan.state, hardware, changes, *fields], outputs)


def _bind_fill(frame: Frame, form: Elements, button: Any) -> None:
    board, lang = frame.board, frame.board.lang
    filled = frame.view("filled")
    inputs = {lang, board.dataset_dir, *form.values(), *board.train_inputs}
    outputs = [*filled.outputs, *board.find_all(train_fill.elements())]

    def fill_in(values: Values) -> Iterator[Updates]:
        try:
            settings, notes = train.fit_recipe(_read_form(frame, form, values))
        except LfQwen3Error as error:
            yield filled.show(error, values[lang])
            return
        wanted = train_fill.values(settings, train.check_gpus(values[form["gpus"]]))
        stage = board.find(train_fill.STAGE)
        if stage is not None and values[stage] != wanted[train_fill.STAGE]:
            yield {stage: type(stage)(value=wanted[train_fill.STAGE])}
            time.sleep(STAGE_SECONDS)
        updates, unknown = fill(board, wanted)
        updates |= _choose_dataset(frame, values, wanted)
        updates.pop(stage, None)
        model, template = (str(board.value(values, name, "")) for name in train_fill.SUGGESTED)
        shown = {
            "set": {key: value for key, value in wanted.items() if key not in unknown},
            "unknown": unknown,
            "notes": notes,
            "suggestion": train_fill.suggest(settings, model, template, model_names(frame.board)),
            **train_fill.describe_fill(settings, wanted, board.labels),
        }
        yield updates | filled.show(shown, values[lang])

    button.click(fill_in, inputs, outputs, concurrency_limit=None, **QUIET)


def _choose_dataset(frame: Frame, values: Values, wanted: dict[str, Any]) -> Updates:
    """Return the update of the Train tab's datasets: the chosen one among those that are registered."""
    element = frame.board.find(train_fill.DATASET)
    if element is None:
        return {}
    choices = data.registered(values[frame.board.dataset_dir])
    return {element: gr.Dropdown(choices=choices, value=wanted[train_fill.DATASET])}


def _bind_measure(frame: Frame, form: Elements, button: Any, plan: View, changed: Any) -> None:
    """Show the memory of the Train tab's own settings, and again when they were `changed` to take less."""
    board, gpus = frame.board, form["gpus"]

    def measure(values: Values) -> tuple[object, Updates]:
        return train.plan_train_tab(board.training_settings(values), values[gpus]), {}

    def measure_again(values: Values) -> Updates:
        shown = values[plan.state]
        if not shown or "steps" not in shown or "recipe" in shown:
            return {plan.state: gr.skip()}
        return plan.show(measure(values)[0], values[board.lang])

    add_action(frame, button, plan, [gpus, *board.train_inputs], measure)
    inputs = {board.lang, plan.state, gpus, *board.train_inputs}
    changed.then(measure_again, inputs, plan.outputs, **QUIET)


def _add_save(frame: Frame, form: Elements) -> None:
    board = frame.board
    with gr.Row():
        name = frame.add("name", gr.Textbox, max_length=places.LONGEST_NAME, scale=3)
        with gr.Column(scale=1, min_width=160):
            button = frame.add("save", gr.Button)

    def save(values: Values) -> tuple[object, Updates]:
        return train_run.save(_settings(frame, form, values), values[name], board.is_demo), {}

    inputs = [name, board.dataset_dir, *form.values(), *board.train_inputs]
    add_action(frame, button, frame.view("saved"), inputs, save)


def _add_rehearsal(frame: Frame, form: Elements) -> None:
    board = frame.board
    start = frame.add("rehearse", gr.Button)

    def request(values: Values) -> dict[str, Any]:
        return train_run.request(_settings(frame, form, values), values[frame.tokenizer], board.is_demo)

    inputs = [frame.tokenizer, board.dataset_dir, *form.values(), *board.train_inputs]
    add_work(frame, start, "train_run.rehearse", frame.view("verdict"), inputs, request)


def _settings(frame: Frame, form: Elements, values: Values) -> dict[str, Any]:
    """Return the Train tab's settings; on a page of our own, which has none, those of the recipe."""
    if frame.board.engine is None:
        return train.fit_recipe(_read_form(frame, form, values))[0]
    settings = frame.board.training_settings(values)
    for key, name in (("model_name_or_path", "top.model_path"), ("dataset", train_fill.DATASET)):
        if not frame.board.value(values, name):
            settings.pop(key, None)
    return settings


def _read_form(frame: Frame, form: Elements, values: Values) -> train.TrainingForm:
    return train.TrainingForm(
        **read_form(form, values),
        of_train_tab=frame.board.value(values, train_fill.DATASET, []),
        dataset_dir=values[frame.board.dataset_dir],
    )


def model_names(board: Board) -> list[str]:
    """Return the names of models that the board offers."""
    element = board.find("top.model_name")
    return [str(value) for _, value in getattr(element, "choices", None) or []]


def _gpus(frame: Frame) -> int:
    """Return the number of devices that the board counts on this machine."""
    element = frame.board.find("train.device_count")
    counted = str(getattr(element, "value", "") or "")
    return int(counted) if counted.isdecimal() and int(counted) else 1
