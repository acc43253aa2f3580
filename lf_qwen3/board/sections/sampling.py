"""Section Sampling presets: how answers are drawn, in the Chat tab and in Evaluate & Predict."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.buttons import add_action
from lf_qwen3.board.filling import fill
from lf_qwen3.board.frame import QUIET, Elements, Frame, Updates, Values, View, read_form
from lf_qwen3.board.handlers import places, sampling
from lf_qwen3.board.handlers.sampling import CHAT, EXTRA_ARGS, SLIDERS, message
from lf_qwen3.board.handlers.sampling_board import WindowPredictions, apply_to_loaded

PREDICT = tuple(f"eval.{name}" for name in SLIDERS)


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    with gr.Row(equal_height=True):
        preset = frame.add_list("preset", sampling.names, scale=2)
        name = frame.add("name", gr.Textbox, max_length=places.LONGEST_NAME, scale=2)
        with gr.Column(scale=1, min_width=140):
            keep = frame.add("keep", gr.Button)
            remove = frame.add("remove", gr.Button)
    form = _add_form(frame)
    if frame.board.engine is not None:
        _add_applying(frame, form)
    _bind_preset(frame, preset, form, frame.view("keys"))
    _bind_keeping(frame, preset, name, keep, remove, form)


def _add_form(frame: Frame) -> Elements:
    steps = {"temperature": 0.01, "top_p": 0.01, "top_k": 1, "max_new_tokens": 1}
    with gr.Row():
        numbers = {name: frame.add(name, gr.Number, value=None, step=step) for name, step in steps.items()}
    with gr.Row():
        boxes = {name: frame.add(name, gr.Checkbox, value=True) for name in ("do_sample", "enable_thinking")}
    return numbers | boxes


def _bind_preset(frame: Frame, preset: Any, form: Elements, keys: View) -> None:
    """Choose the first preset at page load; fill the fields from the chosen one.

    Gradio may report one choice twice, and must not overwrite what was typed meanwhile: `filled` is the
    preset that the fields were filled from.
    """
    lang, filled, fields = frame.board.lang, gr.State(None), list(form.values())

    def choose_first(chosen: str | None) -> Any:
        return gr.skip() if chosen else sampling.FIRST

    def fill_fields(chosen: str | None, before: str | None, language: str) -> Updates:
        if not chosen or chosen == before:
            return {filled: gr.skip()}
        try:
            values = asdict(sampling.find(chosen))
        except LfQwen3Error as error:
            return {filled: chosen} | keys.show(error, language)
        return {filled: chosen} | {form[name]: value for name, value in values.items()}

    def show_keys(*values: Any) -> Updates:
        try:
            return keys.show(sampling.show_keys(dict(zip(form, values[:-1], strict=True))), values[-1])
        except LfQwen3Error as error:
            return keys.show(error, values[-1])

    lang.change(choose_first, [preset], preset, queue=False, **QUIET)
    preset.change(fill_fields, [preset, filled, lang], [filled, *fields, *keys.outputs], **QUIET)
    for field in fields:
        field.change(show_keys, [*fields, lang], keys.outputs, trigger_mode="always_last", **QUIET)


def _add_applying(frame: Frame, form: Elements) -> None:
    """Make the buttons that apply a preset to the board."""
    board = frame.board
    with gr.Row():
        to_chat = frame.add("to_chat", gr.Button, variant="primary")
        to_predict = frame.add("to_predict", gr.Button, variant="primary")
        beyond = frame.add("beyond", gr.Checkbox, value=True)
    applied = frame.view("applied")
    predictions = WindowPredictions(board.engine.runner, _window)

    def chat(values: Values) -> tuple[object, Updates]:
        preset = _check(form, values)
        wanted = sampling.chat_values(preset, board.value(values, EXTRA_ARGS, ""))
        updates, unknown = fill(board, wanted)
        is_loaded = not board.is_demo and apply_to_loaded(board.engine.chatter, preset)
        later = message("note", "chat_loaded" if is_loaded else "chat_later")
        return {"messages": [message("good", "chat_done"), later, *_unknown(unknown)]}, updates

    def predict(values: Values) -> tuple[object, Updates]:
        preset, is_wanted = _check(form, values), values[beyond]
        updates, unknown = fill(board, {f"eval.{name}": getattr(preset, name) for name in SLIDERS})
        extra = preset.beside_the_sliders if is_wanted and predictions.can else {}
        predictions.set(extra)
        messages = [message("good", "predict_done"), sampling.explain_extra(extra, is_wanted)]
        return {"messages": [*messages, *_unknown(unknown)]}, updates

    fields = list(form.values())
    inputs = [*fields, *board.find_all([EXTRA_ARGS])]
    add_action(frame, to_chat, applied, inputs, chat, board.find_all(CHAT))
    add_action(frame, to_predict, applied, [beyond, *fields], predict, board.find_all(PREDICT))


def _bind_keeping(frame: Frame, preset: Any, name: Any, keep: Any, remove: Any, form: Elements) -> None:
    kept, is_demo = frame.view("kept"), frame.board.is_demo

    def keep_it(values: Values) -> tuple[object, Updates]:
        saved = sampling.keep(values[name], _check(form, values), is_demo)
        return {"messages": [message("good", "was_kept", name=saved)]}, {preset: saved}

    def remove_it(values: Values) -> tuple[object, Updates]:
        sampling.remove(values[preset], is_demo)
        return {"messages": [message("good", "was_removed", name=values[preset])]}, {preset: sampling.FIRST}

    add_action(frame, keep, kept, [name, *form.values()], keep_it, [preset])
    add_action(frame, remove, kept, [preset], remove_it, [preset])


def _unknown(names: list[str]) -> list[dict[str, Any]]:
    return [message("warning", "unknown", names=", ".join(names))] if names else []


def _check(form: Elements, values: Values) -> sampling.Sampling:
    return sampling.check(read_form(form, values))


def _window() -> str | None:
    """Return the browser window that is being served: gradio's session, None outside of a request."""
    from gradio.context import LocalContext

    request = LocalContext.request.get(None)
    return getattr(request, "session_hash", None)
