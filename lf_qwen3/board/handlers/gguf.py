"""Section GGUF: a quantised file of a trained run, with the proof that it kept the tuning."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from lf_qwen3.base.progress import Progress
from lf_qwen3.board.handlers import evaluation_files, places
from lf_qwen3.board.jobs import StepProgress

FOLDER = Path(places.SAVES) / "gguf"

CHECKOUT = Path("llama.cpp")
"""A checkout of llama.cpp beside the board; else PATH is searched. No visitor names a program to run."""

STEPS = tuple(f"gguf_{step}" for step in ("merge", "measure", "convert", "test", "quantise", "serve"))


class GgufShown(TypedDict):
    """A file that has passed: what each stage kept, and the lines that serve it.

    `picture` is an SVG as a data URI, "" where it could not be drawn; `kept` counts the steps of an earlier
    call.
    """

    file: str
    figures: list[dict[str, Any]]
    notes: list[str]
    commands: list[str]
    picture: str
    kept: int


def request(run: str | None, quant: str, is_demo: bool = False) -> dict[str, Any]:
    """Return the request for `make`. Raises `UsageError` for an invalid field, and in demo mode."""
    from lf_qwen3.results.gguf.tools import check_kind

    places.refuse_demo(is_demo)
    return {"run": str(places.require_chosen(run, "trained run")), "quant": check_kind(quant)}


def make(asked: Mapping[str, Any], progress: Progress) -> GgufShown:
    """Make the file and measure it; runs in a separate process. Finished steps outlive an interruption.

    Raises what `make_gguf` raises.
    """
    from lf_qwen3.results.gguf.report import list_figures
    from lf_qwen3.results.gguf.work import make_gguf

    run, _ = evaluation_files.read_training(Path(asked["run"]))
    result = make_gguf(
        run,
        asked["quant"],
        llama_cpp=CHECKOUT if CHECKOUT.is_dir() else None,
        out=evaluation_files.folder_named_after(run, FOLDER),
        progress=StepProgress(progress, *STEPS),
    )
    pictures = [path.read_bytes() for path in result.reports if path.suffix == ".svg"]
    return {
        "file": str(result.file),
        "figures": list_figures(result.report),
        "notes": result.report["notes"],
        "commands": result.report["commands"],
        "picture": f"data:image/svg+xml;base64,{base64.b64encode(pictures[0]).decode()}" if pictures else "",
        "kept": len(result.kept),
    }
