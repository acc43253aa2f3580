"""The trainer's chat engine (llamafactory chat/hf_engine.py): loaded with its adapter apart, and stopped.

`chatter` is a `ChatModel` of the trainer, such as LLaMA Board's, or one in which nothing is loaded yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from threading import Event, Thread
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.trainer.records import Message


def load(chatter: Any, arguments: Mapping[str, Any], adapter: str) -> None:
    """Load a model in place of the one that is loaded, and lay an adapter ("" for none) over it.

    The trainer itself merges adapters into the weights that it answers with (model/adapter.py). Raises what
    the trainer and the libraries below it raise; nothing is loaded then.
    """
    chatter.engine = None
    import_module("llamafactory.extras.misc").torch_gc()
    try:
        import_module("llamafactory.chat").ChatModel.__init__(chatter, dict(arguments))
        if adapter:
            from peft import PeftModel

            chatter.engine.model = PeftModel.from_pretrained(chatter.engine.model, adapter).eval()
    except Exception:
        chatter.engine = None
        raise


def frames_thinking(template: Any) -> bool:
    """Return whether a template of the trainer writes the think block."""
    return isinstance(template, import_module("llamafactory.data.template").ReasoningTemplate)


def build_arguments(
    engine: Any, messages: list[Message], system: str, thinks: bool, drawn: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the trainer's chat gives to `generate`, thinking or not; `drawn` are generation keys."""
    template = copy.copy(engine.template)
    template.enable_thinking = thinks
    given = (engine.model, engine.tokenizer, engine.processor, template, engine.generating_args)
    arguments: dict[str, Any] = engine._process_args(
        *given, messages, system or None, input_kwargs=dict(drawn)
    )[0]
    return arguments


@contextlib.contextmanager
def alone(chatter: Any) -> Iterator[None]:
    """Take all seats of the engine's semaphore, which the Chat tab needs (llamafactory chat/hf_engine.py)."""
    loop, semaphore = chatter._loop, chatter.engine.semaphore
    seats = range(int(os.getenv("MAX_CONCURRENT", "1")))
    for _ in seats:
        asyncio.run_coroutine_threadsafe(semaphore.acquire(), loop).result()
    try:
        yield
    finally:
        for _ in seats:
            loop.call_soon_threadsafe(semaphore.release)


class Generation:
    """`generate` in a thread: the streamer that takes its tokens, and what stops it (transformers)."""

    def __init__(
        self, model: Any, arguments: Mapping[str, Any], with_adapter: bool, seed: int, stop: Event
    ) -> None:
        self.thread = Thread(target=self._generate, args=(model, arguments, with_adapter, seed), daemon=True)
        self._stop = stop
        self._taken: list[list[int]] = []
        self._error: Exception | None = None
        self.is_given_up = False

    def read(self) -> list[int]:
        """Return the tokens so far. Raises `LfQwen3Error` where generating failed."""
        if self._error is not None:
            message = f"the model cannot answer: {self._error}"
            raise LfQwen3Error(message, "ask for fewer tokens", code="generation_failed") from self._error
        return [token for taken in self._taken[1:] for token in taken]  # the prompt came first

    def put(self, ids: Any) -> None:
        """Take tokens."""
        self._taken.append(ids.flatten().tolist())

    def end(self) -> None:
        """Take it that no more will come."""

    def __call__(self, ids: Any, scores: Any, **kwargs: Any) -> Any:
        """Return whether to stop."""
        return ids.new_full((len(ids),), self._stop.is_set() or self.is_given_up).bool()

    def _generate(self, model: Any, arguments: Mapping[str, Any], with_adapter: bool, seed: int) -> None:
        import torch

        try:
            torch.manual_seed(seed)
            with contextlib.nullcontext() if with_adapter else model.disable_adapter():
                model.generate(**arguments, streamer=self, stopping_criteria=[self])
        except Exception as error:  # raised where the answer is read
            self._error = error
