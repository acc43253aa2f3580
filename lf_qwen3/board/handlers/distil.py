"""Section Distil: new answers by a model to rows that are beside the board."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.base.progress import Progress
from lf_qwen3.board.handlers import places
from lf_qwen3.data.generate.budget import Budget
from lf_qwen3.data.generate.dialects import MODES
from lf_qwen3.data.generate.model_server import describe_server
from lf_qwen3.data.generate.options import DistilOptions, Keep, ServerOptions

VARIABLE = "LF_QWEN3_WEBUI_SERVERS"
"""The environment variable that names servers, each ADDRESS or ADDRESS=VARIABLE, separated by blanks.

VARIABLE is the environment variable that holds the key of that server.
"""

FOLDER = Path("distilled")
MOST_SAMPLES = 64
_TRAIN = "_train.jsonl"
_HELD_OUT = ("_val.jsonl", "_test.jsonl")


@dataclass(frozen=True, slots=True)
class DistilForm:
    """The values of the section's elements as the browser sends them; an empty one may be None."""

    rows: Sequence[str] | None
    held_out: Sequence[str] | None
    server: str | None
    model: str | None
    modes: str
    samples: float | None
    keep: str
    most_requests: float | None
    name: str | None


def list_rows() -> list[str]:
    """Return the files near the board whose questions may be asked, the splits of datasets among them."""
    return places.list_data_files(with_splits=True)


def list_servers() -> list[str]:
    """Return the addresses of the servers that the board's operator has named."""
    return list(_read_servers())


def find_held_out(rows: Sequence[str] | None) -> list[str]:
    """Return the validation and test splits beside the training splits that were chosen."""
    stems = [name.removesuffix(_TRAIN) for name in rows or () if name.endswith(_TRAIN)]
    names = [stem + end for stem in stems for end in _HELD_OUT]
    return [name for name in names if Path(name).is_file()]


def request(form: DistilForm, is_demo: bool = False) -> dict[str, Any]:
    """Return the request for `ask`, every field checked; a key is not in it, only its variable.

    Raises `UsageError` for an invalid field, and in demo mode.
    """
    places.refuse_demo(is_demo)
    if not (form.model or "").strip():
        raise UsageError("no model is named", "type its name as the server calls it", code="nothing_chosen")
    if form.modes not in MODES:
        raise unknown_name("modes", form.modes, MODES)
    if form.keep not in get_args(Keep):
        raise unknown_name("what to keep", form.keep, get_args(Keep))
    return {
        "sources": [file.label for file in places.source_files(form.rows or [], [])],
        "held_out": [file.label for file in places.source_files(form.held_out or [], [])]
        if form.held_out
        else [],
        "to": str(FOLDER / places.check_name(form.name)),
        "model": (form.model or "").strip(),
        "modes": form.modes,
        "samples": min(MOST_SAMPLES, max(1, int(form.samples or 1))),
        "keep": form.keep,
        "max_requests": max(1, int(form.most_requests)) if form.most_requests else None,
        **_find_server((form.server or "").strip()),
    }


def ask(asked: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Ask the model, in a separate process; return the report. What was paid outlives an interruption.

    Raises what `distil` raises.
    """
    from lf_qwen3.data.generate.distil import distil

    places.require_inside(asked["to"])
    options = DistilOptions(
        tuple(asked["sources"]),
        Path(asked["to"]),
        MODES[asked["modes"]],
        samples=asked["samples"],
        keep=asked["keep"],
        held_out=tuple(asked["held_out"]),
    )
    server = ServerOptions(
        asked["url"],
        asked["model"],
        api_key_env=asked["key_variable"],
        budget=Budget(max_requests=asked["max_requests"]),
    )
    return distil(options, server, progress).as_json()


def _find_server(address: str) -> dict[str, str]:
    """Return the address, and the variable of its key.

    Every visitor of the board may type an address: one that is neither on this machine nor named is refused,
    and no visitor names a variable, whose value would be sent there.
    """
    server = describe_server(address)
    named = {describe_server(url).api: variable for url, variable in _read_servers().items()}
    if server.api not in named and not server.is_here:
        raise UsageError(
            f"{address} is not on this machine and was not named when the board was started",
            f"start the board with {VARIABLE}={address} (and =NAME for the variable that holds its key)",
            code="server_not_named",
        )
    return {"url": address, "key_variable": named.get(server.api, "")}


def _read_servers() -> dict[str, str]:
    """Return the variable of the key by address, "" if there is none."""
    entries = os.environ.get(VARIABLE, "").split()
    return {url: variable for url, _, variable in (entry.partition("=") for entry in entries)}
