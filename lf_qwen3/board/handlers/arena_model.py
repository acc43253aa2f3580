"""The model of the arena: the one that the board has loaded, its adapter on and off, thinking and not.

The Chat tab merges an adapter into the weights while it loads them (llamafactory model/adapter.py), after
which nothing can switch it off. So a run is loaded here as its base with the adapter laid over it, in the
place of the board's one model: the Chat tab uses and unloads it too, and it ends with the board.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from threading import Event, Lock
from typing import Any, NamedTuple

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board.handlers import places
from lf_qwen3.board.handlers.evaluation_files import read_training
from lf_qwen3.board.handlers.sampling import Sampling
from lf_qwen3.proof.estimate.plan import find_shape
from lf_qwen3.qwen3 import checkpoints, model_origin
from lf_qwen3.recipes import commented, serving, shared
from lf_qwen3.trainer import chat_engine
from lf_qwen3.trainer.records import Message

ONE_AT_A_TIME = Lock()
"""The lock of a visitor who loads a model, or who asks it for all answers of a round."""

_UPDATE_SECONDS = 0.2
_BYTES_OF_A_WEIGHT = 2


class Way(NamedTuple):
    """How a question is answered: base, tuned, or loaded (it has no adapter); thinking or non-thinking."""

    model: str
    mode: str


def plan_load(run: str | None) -> dict[str, Any]:
    """Return what loading a run would take, as `describe` does: gib is None where it is not known.

    Raises `UsageError` for a run that cannot be loaded.
    """
    folder, arguments = _chat_arguments(run)
    model, gib = str(arguments["model_name_or_path"]), None
    with contextlib.suppress(UsageError):
        gib = find_shape(model).parameters * _BYTES_OF_A_WEIGHT / 2**30
    return {"model": model, "run": str(folder), "gib": gib, "ways": []}


def load_run(chatter: Any, run: str | None, is_demo: bool = False) -> dict[str, Any]:
    """Load a run's base in place of the board's model, and lay its adapter over it; return what there is.

    Raises `UsageError` in demo mode and for a run that cannot be loaded, `LfQwen3Error` with the trainer's
    own words where loading fails.
    """
    places.refuse_demo(is_demo)
    folder, arguments = _chat_arguments(run)
    *merged, adapter = arguments.pop("adapter_name_or_path", "").split(",")
    arguments |= {"adapter_name_or_path": ",".join(merged)} if merged else {}
    try:
        with ONE_AT_A_TIME:
            chat_engine.load(chatter, arguments, adapter)
    except Exception as error:  # whatever the trainer and the libraries below it raise
        raise LfQwen3Error(
            f"{folder} cannot be loaded: {error}", "see the log of the board", code="model_not_loaded"
        ) from error
    chatter.engine.lf_qwen3_run = str(folder)
    return describe(chatter)


def describe(chatter: Any) -> dict[str, Any]:
    """Return the `model` and the `run` that are loaded, the `gib` of the weights, and the `ways` to answer.

    Raises `UsageError` where nothing is loaded, and for a model of another engine or one that gives marks.
    """
    engine: Any = getattr(chatter, "engine", None)
    if getattr(engine, "model", None) is None or not engine.can_generate:
        raise UsageError(
            "no loaded model can answer here",
            "select a trained run and load it, or load a model in the Chat tab with the engine huggingface",
            code="model_missing",
        )
    name, run = str(engine.model.config._name_or_path), getattr(engine, "lf_qwen3_run", "")
    models = ("base", "tuned") if hasattr(engine.model, "disable_adapter") else ("loaded",)
    ways = [Way(model, mode) for model in models for mode in _list_modes(name, engine.template)]
    return {"model": name, "run": run, "gib": engine.model.get_memory_footprint() / 2**30, "ways": ways}


def stream_answer(
    chatter: Any, messages: list[Message], system: str, way: Way, sampling: Sampling, seed: int, stop: Event
) -> Generator[dict[str, Any]]:
    """Yield the answer to `messages` several times a second until it is whole or `stop` is set.

    Its state is running, stopped or done; `is_cut` where it came to the limit of new tokens. The prompt is
    that of `llamafactory-cli chat`. Nobody else uses the model meanwhile. Generating ends when no more
    is read. Raises `LfQwen3Error` where it fails.
    """
    engine = chatter.engine
    with chat_engine.alone(chatter):
        drawn = {key: value for key, value in asdict(sampling).items() if key != "enable_thinking"}
        arguments = chat_engine.build_arguments(engine, messages, system, way.mode == "thinking", drawn)
        prompt = engine.tokenizer.decode(arguments["inputs"][0], skip_special_tokens=False)
        generation = chat_engine.Generation(engine.model, arguments, way.model != "base", seed, stop)
        started, state = time.monotonic(), "running"
        generation.thread.start()
        try:
            while state == "running":
                generation.thread.join(_UPDATE_SECONDS)
                state = "running" if generation.thread.is_alive() else "stopped" if stop.is_set() else "done"
                seconds, ids = time.monotonic() - started, generation.read()
                text = engine.tokenizer.decode(ids, skip_special_tokens=True).rstrip("\ufffd")
                yield {
                    "model": way.model,
                    "mode": way.mode,
                    "state": state,
                    "prompt": prompt,
                    "text": text,
                    "tokens": len(ids),
                    "seconds": seconds,
                    "is_cut": state == "done" and ids[-1] not in arguments["generation_config"].eos_token_id,
                }
        finally:
            generation.is_given_up = True
            generation.thread.join()


def _list_modes(model: str, template: Any) -> tuple[str, ...]:
    """Return what the template can frame and the checkpoint was made for."""
    kind = checkpoints.kind_of(model) or model_origin.origin_of(model)
    thinks = kind.thinks if kind else "by choice"
    if thinks == "never" or not chat_engine.frames_thinking(template):
        return ("non-thinking",)
    return ("thinking",) if thinks == "always" else ("thinking", "non-thinking")


def _chat_arguments(run: str | None) -> tuple[Path, dict[str, Any]]:
    """Return the folder of a run, and the settings of its chat.yaml."""
    folder, settings = read_training(places.require_chosen(run, "trained run"))
    common = shared.share_settings({**settings, "output_dir": str(folder)}, "thinking")
    return folder, dict(commented.flatten(serving.build_chat(common, {})))
