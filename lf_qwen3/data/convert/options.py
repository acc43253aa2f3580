"""What a conversion is asked to do, and the sources it reads."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import did_you_mean
from lf_qwen3.data.convert.formats import FormatName, Turns
from lf_qwen3.data.converters.roles import Roles
from lf_qwen3.data.converters.source_row import Reading
from lf_qwen3.data.sources import PART_BYTES, SourceFile


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """What to convert, and how.

    `sources` are paths (file, folder, glob) or "CONVERTER:PATH". `val` and `test` are a share below 1 or a
    number of rows; 0 means no such split. `mix` is the share of thinking records, None for no mixing.
    `limit` is the most rows to read of each source. `columns` gives roles to columns, as
    "question=ask,answer=reply": one text for all sources, or one for each. `workers` and `part_bytes` change
    the speed only: 0 workers convert in this process, 2 or more are processes, for which a script needs a
    main guard. Sources that all together are no more than a part are converted in this process.
    `shard_size` makes of each split a folder of files of about so many bytes. `engine` "ray" converts on the
    cluster at `ray_address` and always writes such folders; it reads and writes where all its machines do.

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
    every: bool = False
    as_text: bool = False
    unescape: bool = False
    replace: bool = False
    workers: int = 0
    part_bytes: int = PART_BYTES
    shard_size: int | None = None
    engine: Literal["local", "ray"] = "local"
    ray_address: str = ""
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            require_option(field.name, getattr(self, field.name))

    @property
    def is_sharded(self) -> bool:
        """Return whether each split becomes a folder of files."""
        return self.shard_size is not None or self.engine == "ray"

    @property
    def reading(self) -> Reading:
        """How the rows are read: see `Reading` for `every`, `as_text` and `unescape`."""
        return Reading(self.every, self.as_text, self.unescape)


_CHOICES = {
    "format": get_args(FormatName),
    "turns": get_args(Turns),
    "by": ("rows", "tokens"),
    "on_bad": ("reject", "stop"),
    "engine": ("local", "ray"),
}
_LEAST = {"limit": 1, "seed": 0, "workers": 0, "part_bytes": 1, "shard_size": 1}
_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "sources": (tuple, "is not a tuple of texts"),
    "columns": (tuple, "is not a tuple of texts"),
    "name": (str, "is not text"),
    "ray_address": (str, "is not text"),
    "dataset_dir": (Path, "is not a pathlib.Path"),
    **dict.fromkeys(_CHOICES, (str, "is not text")),
    **dict.fromkeys(("val", "test"), ((int, float), "is not a number: 0.05 is a share, 500 is a row count")),
    "mix": ((int, float), "is not a number from 0 to 1, such as 0.75"),
    **dict.fromkeys(_LEAST, (int, "is not a valid integer range.")),
    **dict.fromkeys(
        ("allow_special", "every", "as_text", "unescape", "replace"), (bool, "is not a valid boolean.")
    ),
}
"""What an option may be, and what is wrong with anything else."""

_MAY_BE_NONE = ("limit", "mix", "shard_size")


def require_option(name: str, value: Any) -> None:
    """Raise `UsageError` (`option_type`, `option_value`) unless `value` may be the option `name`.

    The message is that of the command line.
    """
    if value is None and name in _MAY_BE_NONE:
        return
    types, problem = _TYPES[name]
    fits = isinstance(value, types) and (types is bool or not isinstance(value, bool))
    if not fits or _has_other_than_texts(value):
        raise _invalid(name, f"{value!r} {problem}", code="option_type")
    if name in _CHOICES and value not in _CHOICES[name]:
        listed = ", ".join(map(repr, _CHOICES[name]))
        raise _invalid(name, f"{value!r} is not one of {listed}.", did_you_mean(str(value), _CHOICES[name]))
    if name in _LEAST and value < _LEAST[name]:
        raise _invalid(name, f"{value} is not in the range x>={_LEAST[name]}.")
    if name in ("val", "test"):
        _require_size(name, value)
    if name == "mix" and not 0 <= value <= 1:
        raise UsageError(
            f"--mix thinking={value:g} is not a share",
            "write a number from 0 to 1, such as 0.75",
            code="option_value",
        )


def _has_other_than_texts(value: object) -> bool:
    return isinstance(value, tuple) and not all(isinstance(source, str) for source in value)


def _require_size(name: str, value: float) -> None:
    if not 0 <= value < math.inf or (value >= 1 and value != int(value)):
        raise UsageError(
            f"--{name} {value:g} is neither a share nor a row count",
            "0.05 is a share, 500 is a row count",
            code="option_value",
        )


def _invalid(name: str, problem: str, hint: str = "", code: str = "option_value") -> UsageError:
    option = name.replace("_", "-")
    return UsageError(f"Invalid value for '--{option}': {problem}", hint, code=code)


@dataclass(frozen=True, slots=True)
class ConvertSource:
    """One file to read, the converter that takes its rows, and the columns that were given a role by hand.

    `spec` is the source that the file was named by.
    """

    spec: str
    file: SourceFile
    converter: str
    roles: Roles = ()

    @property
    def label(self) -> str:
        """The file as messages and the manifest name it: as it was given."""
        return self.file.label
