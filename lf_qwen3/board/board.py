"""The page around the tab: LLaMA Board's elements, or their replacements on a page of our own."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error

INSTALL = 'pip install "lf-qwen3[web]"'

_SECRET = re.compile(r"api_key|token|password|secret|webhook", re.IGNORECASE)
_COUNTS = re.compile(r"num_input_tokens|tokens_seen|new_tokens|additional_target", re.IGNORECASE)


@dataclass(frozen=True)
class Board:
    """What the tab knows of the page: two elements that are always there, and the board's engine if any.

    `lang` holds the page's language, `dataset_dir` the dataset folder. `train_inputs` are the elements that
    the board itself reads the training settings from; none on a page of our own.
    """

    lang: Any
    dataset_dir: Any
    engine: Any = None
    train_inputs: frozenset[Any] = frozenset()

    @property
    def is_demo(self) -> bool:
        """Return whether the board runs in demo mode, in which visitors may change nothing."""
        return bool(getattr(self.engine, "demo_mode", False))

    def find(self, name: str) -> Any | None:
        """Return the element with the board's id, such as train.cutoff_len, None where it has none."""
        if self.engine is None:
            return None
        try:
            return self.engine.manager.get_elem_by_id(name)
        except KeyError:
            return None

    def find_tab(self, prefix: str) -> str:
        """Return the label of the tab whose elements have ids PREFIX.NAME, "" if there is none."""
        if self.engine is None:
            return ""
        import gradio as gr  # not above: work is done in processes that show no page

        manager = self.engine.manager
        named = ((manager.get_id_by_elem(element), element) for element in manager.get_elem_list())
        element: Any = next((element for name, element in named if name.startswith(f"{prefix}.")), None)
        label = ""
        while element is not None:
            label = str(element.label) if isinstance(element, gr.Tab) else label
            element = element.parent
        return label

    def find_all(self, names: Iterable[str]) -> list[Any]:
        """Return the elements with these ids that this version of the board has."""
        return [element for name in names if (element := self.find(name)) is not None]

    def labels(self, name: str) -> dict[str, str]:
        """Return what the board calls an element, by language; {} where it has no text for it."""
        known = getattr(sys.modules.get("llamafactory.webui.locales"), "LOCALES", {})
        texts = known.get(name.partition(".")[2], {})
        return {language: text["label"] for language, text in texts.items() if "label" in text}

    def value(self, values: Mapping[Any, Any], name: str, default: Any = None) -> Any:
        """Return the value of an element among those that an event read."""
        element = self.find(name)
        value = None if element is None else values.get(element)
        return default if value is None else value

    def training_settings(self, values: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the settings that the Train tab would train with, as keys of a training YAML; no secrets.

        {} on a page of our own. Raises `LfQwen3Error` where an element holds what the board cannot read.
        """
        if self.engine is None:
            return {}
        filled = {element: values[element] for element in self.train_inputs}
        defaults = {"top.model_name": "Custom", "train.dataset": [], "train.output_dir": "run"}
        for name, default in defaults.items():
            element = self.find(name)
            if element is not None:
                filled[element] = filled[element] or default
        try:
            settings = self.engine.runner._parse_train_args(filled)
        except Exception as error:  # the board's own code, fed with what was typed
            raise LfQwen3Error(
                f"the Train tab holds a value that cannot be read: {error}",
                "check its number and JSON fields",
                code="setting_unreadable",
            ) from error
        # None says something of its own to the trainer in one key alone
        return without_secrets(
            {key: value for key, value in settings.items() if value is not None or key == "enable_thinking"}
        )


def without_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without keys that hold a secret (swanlab_api_key, hf_hub_token, ...)."""
    return {key: value for key, value in settings.items() if _COUNTS.search(key) or not _SECRET.search(key)}
