"""Section Sampling presets: how answers are drawn, in the Chat tab and in Evaluate & Predict."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.filling import fill, known
from lf_qwen3.board.frame import QUIET, Frame, View
from lf_qwen3.board.handlers import sampling, sampling_report, saved
from lf_qwen3.board.handlers.sampling_board import Predictions, apply_to_loaded
from lf_qwen3.board.working import Values

EXTRA_ARGS = "infer.extra_args"
SLIDERS = ("temperature", "top_p", "max_new_tokens")
CHAT = (*(f"infer.{one}" for one in SLIDERS), "infer.enable_thinking", EXTRA_ARGS)
PREDICT = tuple(f"eval.{one}" for one in SLIDERS)

Elements = dict[str, Any]
Told = list[tuple[str, str, dict[str, Any]]]


def build(frame: Frame) -> None:
    """Make the elements of the section and bind their events."""
    with gr.Row(equal_height=True):
        preset = frame.add("preset", gr.Dropdown, choices=[], value=None, allow_custom_value=True, scale=2)
        name = frame.add("name", gr.Textbox, max_length=saved.LONGEST_NAME, scale=2)
        with gr.Column(scale=1, min_width=140):
            keep = frame.add("keep", gr.Button)
            remove = frame.add("remove", gr.Button)
    form = _add_form(frame)
    if frame.board.engine is not None:
        _add_applying(frame, form)
    keys = frame.view("keys", sampling_report.keys)
    _bind_preset(frame, preset, form, keys)
    _bind_keeping(frame, preset, name, keep, remove, form)


def _add_form(frame: Frame) -> Elements:
    form: Elements = {}
    with gr.Row():
        for one, step in (("temperature", 0.01), ("top_p", 0.01), ("top_k", 1), ("max_new_tokens", 1)):
            form[one] = frame.add(one, gr.Number, value=None, step=step)
    with gr.Row():
        form["do_sample"] = frame.add("do_sample", gr.Checkbox, value=True)
        form["enable_thinking"] = frame.add("enable_thinking", gr.Checkbox, value=True)
    return form


def _bind_preset(frame: Frame, preset: Any, form: Elements, keys: View) -> None:
    """Choose the first preset at page load; fill the fields from the chosen one.

    Gradio may tell one choice twice, and what was typed since the first time must stand: `filled` is the
    preset that the fields were filled from.
    """
    lang, filled = frame.board.lang, gr.State(None)
    fields = [form[one] for one in sampling.FIELDS]

    def show(chosen: str | None, before: str | None, language: str) -> dict[Any, Any]:
        if not chosen or chosen == before:
            return {filled: gr.skip()}
        try:
            found = sampling.find(chosen)
        except LfQwen3Error as error:
            return {filled: chosen} | keys.show({"error": error.message, "hint": error.hint}, language)
        return {filled: chosen} | {form[one]: getattr(found, one) for one in sampling.FIELDS}

    def tell(*values: Any) -> dict[Any, Any]:
        given = dict(zip(sampling.FIELDS, values[:-1], strict=True))
        return keys.show(_keys(given), values[-1])

    lang.change(_first, [preset], preset, queue=False, **QUIET)
    frame.offer(preset, sampling.names)
    preset.change(show, [preset, filled, lang], [filled, *fields, *keys.outputs], **QUIET)
    for field in fields:
        field.change(tell, [*fields, lang], keys.outputs, trigger_mode="always_last", **QUIET)


def _first(chosen: str | None) -> Any:
    return gr.skip() if chosen else sampling.FIRST


def _keys(given: dict[str, Any]) -> dict[str, Any] | None:
    """Return a preset as the trainer's keys, None while nothing is filled in, or what is wrong with it."""
    if any(given[one] is None for one in sampling.BOUNDS):
        return None
    try:
        found = sampling.checked(given)
    except LfQwen3Error as error:
        return {"error": error.message, "hint": error.hint}
    return {one: getattr(found, one) for one in sampling.FIELDS}


def _add_applying(frame: Frame, form: Elements) -> None:
    """Make the buttons that bring a preset into the board."""
    with gr.Row():
        to_chat = frame.add("to_chat", gr.Button, variant="primary")
        to_predict = frame.add("to_predict", gr.Button, variant="primary")
        beyond = frame.add("beyond", gr.Checkbox, value=True)
    applied = frame.view("applied", sampling_report.applied)
    _bind_chat(frame, form, to_chat, applied)
    _bind_predict(frame, form, to_predict, beyond, applied)


def _bind_chat(frame: Frame, form: Elements, button: Any, applied: View) -> None:
    board, lang = frame.board, frame.board.lang
    extra = known(board, [EXTRA_ARGS])

    def apply(values: Values) -> dict[Any, Any]:
        try:
            found = _checked(form, values)
            written = sampling.extra_args(board.value(values, EXTRA_ARGS, ""), found)
        except LfQwen3Error as error:
            return applied.show({"error": error.message, "hint": error.hint}, values[lang])
        wanted = {f"infer.{one}": getattr(found, one) for one in (*SLIDERS, "enable_thinking")}
        updates, unknown = fill(board, wanted | {EXTRA_ARGS: written})
        is_loaded = not board.is_demo and apply_to_loaded(board.engine.chatter, found)
        told: Told = [("good", "chat_done", {})]
        told.append(("note", "chat_loaded" if is_loaded else "chat_later", {}))
        return updates | applied.show({"told": told + _skipped(unknown)}, values[lang])

    button.click(apply, {lang, *form.values(), *extra}, [*applied.outputs, *known(board, CHAT)], **QUIET)


def _bind_predict(frame: Frame, form: Elements, button: Any, beyond: Any, applied: View) -> None:
    board, lang = frame.board, frame.board.lang
    predictions = Predictions(board.engine.runner, _window)

    def apply(values: Values) -> dict[Any, Any]:
        try:
            found = _checked(form, values)
        except LfQwen3Error as error:
            return applied.show({"error": error.message, "hint": error.hint}, values[lang])
        updates, unknown = fill(board, {f"eval.{one}": getattr(found, one) for one in SLIDERS})
        extra = found.beside_the_sliders if values[beyond] and predictions.can else {}
        predictions.set(extra)
        return updates | applied.show(
            {"told": _told(extra, values[beyond]) + _skipped(unknown)}, values[lang]
        )

    button.click(apply, {lang, beyond, *form.values()}, [*applied.outputs, *known(board, PREDICT)], **QUIET)


def _told(extra: dict[str, Any], is_wanted: bool) -> Told:
    done: tuple[str, str, dict[str, Any]] = ("good", "predict_done", {})
    if extra:
        written = ", ".join(f"{key}: {str(value).lower()}" for key, value in extra.items())
        return [done, ("note", "predict_beyond", {"keys": written})]
    return [done, ("warning", "predict_cannot", {}) if is_wanted else ("note", "predict_sliders", {})]


def _skipped(unknown: list[str]) -> Told:
    return [("warning", "unknown", {"names": ", ".join(unknown)})] if unknown else []


def _bind_keeping(frame: Frame, preset: Any, name: Any, keep: Any, remove: Any, form: Elements) -> None:
    board, lang = frame.board, frame.board.lang
    kept = frame.view("kept", lambda state, texts: sampling_report.applied(state or {"told": []}, texts))

    def keep_it(values: Values) -> dict[Any, Any]:
        try:
            under = sampling.keep(values[name], _checked(form, values), board.is_demo)
        except LfQwen3Error as error:
            return kept.show({"error": error.message, "hint": error.hint}, values[lang])
        told = kept.show({"told": [("good", "was_kept", {"name": under})]}, values[lang])
        return told | {preset: under}

    def remove_it(values: Values) -> dict[Any, Any]:
        try:
            sampling.remove(values[preset], board.is_demo)
        except LfQwen3Error as error:
            return kept.show({"error": error.message, "hint": error.hint}, values[lang])
        told = kept.show({"told": [("good", "was_removed", {"name": values[preset]})]}, values[lang])
        return told | {preset: sampling.FIRST}

    keep.click(keep_it, {lang, name, *form.values()}, [preset, *kept.outputs], **QUIET)
    remove.click(remove_it, {lang, preset}, [preset, *kept.outputs], **QUIET)


def _checked(form: Elements, values: Values) -> sampling.Sampling:
    return sampling.checked({one: values[element] for one, element in form.items()})


def _window() -> str | None:
    """Return the browser window that is being served: gradio's session, None outside of a request."""
    from gradio.context import LocalContext

    request = LocalContext.request.get(None)
    return getattr(request, "session_hash", None)
