"""What a rule of LLaMA-Factory's parsers is: settings that exclude each other although each is sound."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lf_qwen3.trainer import schema
from lf_qwen3.trainer.settings.kinds import Command

_NAMED_STAGE = re.compile(r"(?:^|[-_.])(?:z|zero|stage)[-_]?([0-3])(?!\d)")


def named_stage(name: str) -> int | None:
    """Return the ZeRO stage that a name such as ds_z3_config.json tells, None where it tells none."""
    stage = _NAMED_STAGE.search(name.lower())
    return int(stage[1]) if stage else None


def deepspeed_stage(named: Any) -> int:
    """Return the ZeRO stage of a setting `deepspeed`, 0 for none; a file not here is judged by its name."""
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        block = named if isinstance(named, dict) else json.loads(Path(named).read_text("utf-8"))
        return int(block.get("zero_optimization", {}).get("stage", 0))
    return named_stage(Path(str(named or "")).name) or 0


class SettingsView:
    """The settings of a YAML with the trainer's defaults behind them."""

    def __init__(self, settings: Mapping[str, Any], command: Command = "train") -> None:
        self.settings = settings
        self.exports = command == "export"
        self._known = schema.load()["properties"]

    def __getitem__(self, key: str) -> Any:
        """Return a setting, or the trainer's default for it."""
        return self.settings[key] if key in self.settings else self._known.get(key, {}).get("default")

    def names(self, key: str) -> list[str]:
        """Return the parts that the trainer splits a text at its commas into."""
        value = self[key]
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else list(value or ())

    @property
    def zero(self) -> int:
        """Return the ZeRO stage, 0 without DeepSpeed."""
        return deepspeed_stage(self["deepspeed"])

    @property
    def evaluates(self) -> bool:
        """Return whether eval_strategy asks for evaluations."""
        return self["eval_strategy"] not in ("no", None, False)


class Exclusion(NamedTuple):
    """A rule of the trainer: `says` its message (braces are settings), `cure` what to do about it.

    `keys` are those at fault, the first that is set is named. `check` is the code of the check of a training
    YAML that says the same in its own words.
    """

    says: str
    keys: str
    cure: str
    refuses: Callable[[SettingsView], Any]
    check: str = ""

    def message(self, view: SettingsView) -> str:
        """Return the trainer's words for these settings."""
        return re.sub(r"\{(\w+)\}", lambda match: str(view[match[1]]), self.says)

    def is_said_by(self, message: str) -> bool:
        """Return whether a message of the trainer is this one."""
        parts = map(re.escape, re.split(r"\{\w+\}", self.says))
        return re.search(".*".join(parts), message, re.DOTALL) is not None

    def key_in(self, settings: Mapping[str, Any]) -> str:
        """Return the key to blame."""
        keys = self.keys.split()
        return next((key for key in keys if settings.get(key) not in (None, False)), keys[0])
