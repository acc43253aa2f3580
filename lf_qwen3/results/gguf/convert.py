"""Steps 3 and 5: convert in the trainer's own Python, quantise by llama.cpp's own program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.processes import end_tree, exit_on_termination
from lf_qwen3.base.progress import Progress, Status
from lf_qwen3.results.gguf.tools import LlamaCpp
from lf_qwen3.trainer import process

_GRACE_SECONDS = 5


def convert(tools: LlamaCpp, merged: Path, part: Path, kind: str, name: str, progress: Progress) -> None:
    """Write a merged model as a GGUF of type F16 or Q8_0.

    In the trainer's Python: llama.cpp's requirements pin a transformers that cannot read the tokenizer that
    the trainer's transformers writes (extra_special_tokens as a list). Raises `LfQwen3Error`.
    """
    options = ["--outfile", str(part), "--outtype", kind.lower(), "--model-name", name]
    command = [sys.executable, str(tools.converter), str(merged), *options]
    _run(command, part.parent / f"convert-{kind}.log", f"converting to {kind}", "convert_failed", progress)


def quantise(tools: LlamaCpp, source: Path, part: Path, kind: str, progress: Progress) -> None:
    """Write the F16 file as type `kind`. Raises `LfQwen3Error`."""
    command = [str(tools.quantiser), str(source), str(part), kind, str(os.cpu_count() or 1)]
    _run(command, part.parent / f"quantise-{kind}.log", f"quantising to {kind}", "quantise_failed", progress)


def _run(command: Sequence[str], log: Path, phase: str, code: str, progress: Progress) -> None:
    progress.update(Status(phase))
    with log.open("wb") as sink, exit_on_termination():
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env=process.environment({}),
            start_new_session=True,
        )
        status = -1
        try:
            status = child.wait()
        finally:
            if status:
                end_tree(child, _GRACE_SECONDS)
    if status:
        error = process.last_error(log.read_text("utf-8", "replace"))
        raise LfQwen3Error(f"{phase} failed: {error}", f"see its whole output: {log}", code=code)
