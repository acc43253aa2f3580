"""What a conversion is asked to do, and the sources it reads."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import did_you_mean
from lf_qwen3.data.convert.formats import FormatName, Turns
from lf_qwen3.data.sources import PART_BYTES, SourceFile

Progress = Callable[[str, int, int], Any]
"""Told (what is being done, done, total), the last two in bytes."""


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """What to convert, and how.

    `sources` are paths (file, folder, glob) or "CONVERTER:PATH". `val` and `test` are a share below 1 or a
    number of rows; 0 means no such split. `mix` is the share of thinking records, None for no mixing.
    `limit` is the most rows to read of each source. `workers` and `part_bytes` change the speed only: 0
    workers convert in this process, 2 or more are processes, for which a script needs a main guard.

    Raises `UsageError` with the code `option_value` or `option_type`, and the message of the command line,
    for an option that is none.
    """

    sources: tuple[str, ...]
    name: str
    dataset_dir: Path
    format: FormatName = "sharegpt"
    turns: Turns = "unroll"
    limit: int | None = None
    val: float = 0
    test: float = 0
    mix: float | None = None
    by: Literal["rows", "tokens"] = "rows"
    seed: int = 42
    on_bad: Literal["reject", "stop"] = "reject"
    allow_special: bool = False
    replace: bool = False
    workers: int = 0
    part_bytes: int = PART_BYTES

    def __post_init__(self) -> None:
        _require_types(self)
        for name, choices in _CHOICES.items():
            if (value := getattr(self, name)) not in choices:
                listed = ", ".join(map(repr, choices))
                raise _invalid(name, f"{value!r} is not one of {listed}.", did_you_mean(str(value), choices))
        for name, least in _LEAST.items():
            if (value := getattr(self, name)) is not None and value < least:
                raise _invalid(name, f"{value} is not in the range x>={least}.")
        for name in ("val", "test"):
            _require_size(name, getattr(self, name))
        if self.mix is not None and not 0 <= self.mix <= 1:
            raise UsageError(
                f"--mix thinking={self.mix:g} is no share",
                "a number from 0 to 1, such as 0.75",
                code="option_value",
            )


_CHOICES = {
    "format": get_args(FormatName),
    "turns": get_args(Turns),
    "by": ("rows", "tokens"),
    "on_bad": ("reject", "stop"),
}
_LEAST = {"limit": 1, "seed": 0, "workers": 0, "part_bytes": 1}
_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "sources": (tuple, "is no tuple of texts"),
    "name": (str, "is no text"),
    "dataset_dir": (Path, "is no pathlib.Path"),
    **dict.fromkeys(("val", "test"), ((int, float), "is no number: 0.05 is a share, 500 is a row count")),
    "mix": ((int, float), "is no number from 0 to 1, such as 0.75"),
    **dict.fromkeys(_LEAST, (int, "is not a valid integer range.")),
    **dict.fromkeys(("allow_special", "replace"), (bool, "is not a valid boolean.")),
}
"""What an option may be, and what is wrong with anything else."""

_MAY_BE_NONE = ("limit", "mix")


def _require_types(options: ConvertOptions) -> None:
    """Raise `UsageError` for a value of another type; True and False are no numbers."""
    for name, (types, problem) in _TYPES.items():
        value = getattr(options, name)
        fits = isinstance(value, types) and (types is bool or not isinstance(value, bool))
        if name == "sources":
            fits = fits and all(isinstance(source, str) for source in value)
        if not fits and not (value is None and name in _MAY_BE_NONE):
            raise _invalid(name, f"{value!r} {problem}", code="option_type")


def _require_size(name: str, value: float) -> None:
    if not 0 <= value < math.inf or (value >= 1 and value != int(value)):
        raise UsageError(
            f"--{name} {value:g} is no share and no row count",
            "0.05 is a share, 500 is a row count",
            code="option_value",
        )


def _invalid(name: str, problem: str, hint: str = "", code: str = "option_value") -> UsageError:
    option = name.replace("_", "-")
    return UsageError(f"Invalid value for '--{option}': {problem}", hint, code=code)


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read and the converter that takes its rows; `spec` is the source it was named by."""

    spec: str
    file: SourceFile
    converter: str

    @property
    def label(self) -> str:
        """The file as messages and the manifest name it: as it was given."""
        return self.file.path.as_posix()
