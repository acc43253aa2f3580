"""Section Train presets: fill in the Train tab from a recipe, keep its settings, rehearse them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.filling import fill, known
from lf_qwen3.board.frame import QUIET, Frame, View
from lf_qwen3.board.handlers import data, saved, train, train_fill, train_report, train_run
from lf_qwen3.board.working import Values, add_work

STAGE_SECONDS = 1.0
"""The board empties the dataset when its training stage changes: one round trip to the browser."""

AT_THE_TOP = ("top.model_path", "top.template")

Elements = dict[str, Any]


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    form = _add_form(frame)
    plan = frame.view("plan", train_report.plan)
    _add_looks(frame, form, plan)
    if frame.board.engine is not None:
        with gr.Row():
            fill_in = frame.add("fill", gr.Button, variant="primary")
            measure = frame.add("measure", gr.Button)
        _add_fill(frame, form, fill_in)
        _add_measure(frame, form, measure, plan)
    _add_save(frame, form)
    _add_rehearsal(frame, form)


def _add_form(frame: Frame) -> Elements:
    typed: dict[str, Any] = {"choices": [], "allow_custom_value": True}
    with gr.Row():
        recipe = frame.add("recipe", gr.Dropdown, value=None, scale=2, **typed)
        dataset = frame.add("dataset", gr.Dropdown, value=None, scale=2, **typed)
    with gr.Row():
        hardware = frame.add("hardware", gr.Dropdown, value=[], multiselect=True, scale=2, **typed)
        tracking = frame.add("tracking", gr.Dropdown, value=None, **typed)
        gpus = frame.add("gpus", gr.Number, value=_gpus(frame), minimum=1, maximum=1024, precision=0)
    frame.offer(recipe, train.recipe_names)
    frame.offer(hardware, train.hardware_names)
    frame.offer(tracking, lambda: ["", *train.tracking_names()])
    frame.offer(dataset, data.registered, [frame.board.dataset_dir])
    frame.follow_datasets(dataset)
    return {"recipe": recipe, "dataset": dataset, "hardware": hardware, "tracking": tracking, "gpus": gpus}


def _add_looks(frame: Frame, form: Elements, plan: View) -> None:
    """Show what a choice means as soon as it is made."""
    lang = frame.board.lang
    made_of = [form["recipe"], form["hardware"], form["tracking"], form["gpus"]]

    def look(
        recipe: Any, hardware: Any, tracking: Any, gpus: Any, shown: Any, language: str
    ) -> dict[Any, Any]:
        if not recipe and shown is None:  # at page load, when the language may not be known yet
            return {plan.state: None}
        if not recipe:
            return plan.show(None, language)
        asked = train.Form(recipe, hardware or [], tracking or "", gpus)
        return plan.show(_or_error(lambda: train.look(asked)), language)

    for element in made_of:
        element.change(look, [*made_of, plan.state, lang], plan.outputs, trigger_mode="always_last", **QUIET)


def _add_fill(frame: Frame, form: Elements, button: Any) -> None:
    board, lang = frame.board, frame.board.lang
    filled = frame.view("filled", train_report.filled)
    inputs = {lang, board.dataset_dir, *form.values(), *board.train_inputs}
    outputs = [*filled.outputs, *known(board, train_fill.elements())]

    def fill_in(values: Values) -> Iterator[dict[Any, Any]]:
        try:
            settings, notes = train.settings(_asked(frame, form, values))
        except LfQwen3Error as error:
            yield filled.show({"error": error.message, "hint": error.hint}, values[lang])
            return
        wanted = train_fill.values(settings)
        model, template = (str(board.value(values, one, "")) for one in AT_THE_TOP)
        stage = board.find(train_fill.STAGE)
        if stage is not None and values[stage] != wanted[train_fill.STAGE]:
            yield {stage: type(stage)(value=wanted[train_fill.STAGE])}
            time.sleep(STAGE_SECONDS)
        updates, unknown = fill(board, wanted)
        updates |= _datasets(frame, values, wanted)
        told = {
            "set": {key: value for key, value in wanted.items() if key not in unknown},
            "unknown": unknown,
            "notes": notes,
            "suggestion": train_fill.suggestion(settings, model, template, _model_names(frame)),
        }
        updates.pop(stage, None)
        yield updates | filled.show(told, values[lang])

    button.click(fill_in, inputs, outputs, concurrency_limit=None, **QUIET)


def _datasets(frame: Frame, values: Values, wanted: dict[str, Any]) -> dict[Any, Any]:
    """Return the update of the Train tab's datasets: the chosen one among those that are registered."""
    element = frame.board.find(train_fill.DATASET)
    names = data.registered(values[frame.board.dataset_dir])
    if element is None:
        return {}
    return {element: gr.Dropdown(choices=names, value=wanted[train_fill.DATASET])}


def _add_measure(frame: Frame, form: Elements, button: Any, plan: View) -> None:
    """Show the memory of the Train tab's own settings."""
    board, lang = frame.board, frame.board.lang

    def measure(values: Values) -> dict[Any, Any]:
        def look() -> dict[str, Any]:
            settings = board.training_settings(values)
            shown = {key: settings[key] for key in train.SHOWN if key in settings}
            memory = train.estimate(settings, train.gpus_of(values[form["gpus"]]))
            return {"recipe": "", "summary": "", "presets": [], "settings": shown, "memory": memory}

        return plan.show(_or_error(look), values[lang])

    button.click(measure, {lang, form["gpus"], *board.train_inputs}, plan.outputs, **QUIET)


def _add_save(frame: Frame, form: Elements) -> None:
    board, lang = frame.board, frame.board.lang
    with gr.Row():
        name = frame.add("name", gr.Textbox, max_length=saved.LONGEST_NAME, scale=3)
        with gr.Column(scale=1, min_width=160):
            button = frame.add("save", gr.Button)
    shown = frame.view("saved", train_report.saved)
    inputs = {lang, name, board.dataset_dir, *form.values(), *board.train_inputs}

    def save(values: Values) -> dict[Any, Any]:
        def write() -> dict[str, Any]:
            return train_run.save(_settings(frame, form, values), values[name], board.is_demo)

        return shown.show(_or_error(write), values[lang])

    button.click(save, inputs, shown.outputs, **QUIET)


def _add_rehearsal(frame: Frame, form: Elements) -> None:
    board = frame.board
    with gr.Row():
        start = frame.add("rehearse", gr.Button)
        cancel = frame.add("cancel", gr.Button, variant="stop", interactive=False)
    verdict = frame.view("verdict", train_report.rehearsed)

    def request(values: Values) -> dict[str, Any]:
        settings = _settings(frame, form, values)
        return train_run.request(settings, values[frame.tokenizer] or "", board.is_demo)

    inputs = [frame.tokenizer, board.dataset_dir, *form.values(), *board.train_inputs]
    add_work(frame, start, cancel, "train_run.rehearse", verdict, inputs, request)


def _settings(frame: Frame, form: Elements, values: Values) -> dict[str, Any]:
    """Return the Train tab's settings; on a page of our own, which has none, those of the recipe."""
    if frame.board.engine is None:
        return train.settings(_asked(frame, form, values))[0]
    settings = frame.board.training_settings(values)
    for key, name in (("model_name_or_path", "top.model_path"), ("dataset", "train.dataset")):
        if not frame.board.value(values, name):
            settings.pop(key, None)
    return settings


def _asked(frame: Frame, form: Elements, values: Values) -> train.Form:
    given = {name: values[element] for name, element in form.items()}
    return train.Form(
        recipe=given["recipe"] or "",
        hardware=given["hardware"] or [],
        tracking=given["tracking"] or "",
        gpus=given["gpus"],
        dataset=given["dataset"] or "",
        of_train_tab=frame.board.value(values, train_fill.DATASET, []),
        dataset_dir=values[frame.board.dataset_dir],
    )


def _or_error(work: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = work()
    except LfQwen3Error as error:
        return {"error": error.message, "hint": error.hint}
    return found


def _model_names(frame: Frame) -> list[str]:
    """Return the names of models that the board offers."""
    element = frame.board.find("top.model_name")
    return [str(value) for _, value in getattr(element, "choices", None) or []]


def _gpus(frame: Frame) -> int:
    """Return the number of devices that the board counts on this machine."""
    element = frame.board.find("train.device_count")
    counted = str(getattr(element, "value", "") or "")
    return int(counted) if counted.isdecimal() and int(counted) else 1
