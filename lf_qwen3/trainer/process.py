"""Run the trainer, `llamafactory-cli train FILE.yaml` or `export`, as a process, with readable progress.

The only module that touches LLaMA-Factory. It is never imported here, only started, so that a run is the very
run that a person starts by hand.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.processes import end_tree, exit_on_termination
from lf_qwen3.base.progress import NoProgress, Progress, Status

INSTALL = 'pip install "lf-qwen3[train]"'
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
POLL_SECONDS = 0.3
GRACE_SECONDS = 5

_PREDICTING = "predicting"
_STAGES = (
    (re.compile(r"loading file tokenizer|tokenizer_config\.json"), "loading the tokenizer"),
    (re.compile(r"Loading dataset|Generating \w+ split"), "reading the data"),
    (re.compile(r"Converting format of dataset"), "converting the records"),
    (re.compile(r"Running tokenizer on dataset"), "tokenising"),
    (re.compile(r"loading weights file|Loading weights|Instantiating \w+ model"), "loading the model"),
    (re.compile(r"\*{5} Running training \*{5}"), "training"),
    (re.compile(r"\*{5} Running Evaluation \*{5}"), "validating"),
    (re.compile(r"\*{5} Running Prediction \*{5}"), _PREDICTING),
)
_ERROR = re.compile(r"^(?:\[rank\d+\]:\s*)?([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning)\b.*)$")
_WRAPPERS = ("ChildFailedError", "CalledProcessError")


@dataclass(frozen=True, slots=True)
class TrainerRun:
    """A finished run: its exit code, the whole output of the trainer, and how long it took in seconds."""

    exit_code: int
    log: Path
    seconds: float


def train(
    yaml: Path,
    log: Path,
    progress: Progress = NoProgress(),
    output_dir: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> TrainerRun:
    """Run `llamafactory-cli train` on one YAML file, training or predicting, with no way to any network.

    `progress` is updated several times a second and, when `output_dir` is given, every step
    that is logged there. `env` adds to the environment. The trainer has a session of its own: Ctrl-C, SIGTERM
    and any exception here end it with all its ranks. Raises `LfQwen3Error` with the trainer's last error
    when it fails, and when it is not installed.
    """
    return _run("train", yaml, log, progress, output_dir, env)


def export(
    yaml: Path, log: Path, progress: Progress = NoProgress(), env: Mapping[str, str] | None = None
) -> TrainerRun:
    """Run `llamafactory-cli export` on one YAML file; all else is as in `train`."""
    return _run("export", yaml, log, progress, None, env)


def _run(
    stage: str,
    yaml: Path,
    log: Path,
    progress: Progress,
    output_dir: Path | None,
    env: Mapping[str, str] | None,
) -> TrainerRun:
    require_installed()
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    watcher = _Watcher(progress, output_dir)
    with log.open("wb") as sink, exit_on_termination():
        child = subprocess.Popen(
            [*command(), stage, str(yaml)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(env or {}),
            start_new_session=True,
        )
        code = -1
        try:
            code = _follow(child, sink, watcher)
        finally:
            if code:
                end_tree(child, GRACE_SECONDS)
    if code:
        raise _failure(yaml, code, log)
    return TrainerRun(code, log, time.monotonic() - started)


def require_installed() -> None:
    """Raise `LfQwen3Error` with the command to type when LLaMA-Factory is not in this environment."""
    if importlib.util.find_spec("llamafactory") is None:
        raise LfQwen3Error(
            "LLaMA-Factory is not installed in this environment", f"run: {INSTALL}", code="extra_missing"
        )


def command() -> list[str]:
    """Return how `llamafactory-cli` is started in this very environment."""
    return [sys.executable, "-m", "llamafactory.cli"]


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the trainer's environment: this one, offline, with its own scripts (torchrun) first in PATH."""
    scripts = sysconfig.get_path("scripts")
    path = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    fixed = {"PATH": path, "TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **OFFLINE, **fixed, **extra}


def losses(output_dir: Path) -> list[float]:
    """Return the training losses that the trainer logged, in their order."""
    lines = _log_lines(output_dir / "trainer_log.jsonl")
    return [float(line["loss"]) for line in lines if line.get("loss") is not None]


def examples(log: Path) -> int:
    """Return how many training records the trainer says it read, 0 when it does not say."""
    match = re.search(r"Num examples = ([\d,]+)", log.read_text(encoding="utf-8", errors="replace"))
    return int(match[1].replace(",", "")) if match else 0


class _Watcher:
    """Turns the trainer's output and its log file into updates of the progress."""

    def __init__(self, progress: Progress, output_dir: Path | None) -> None:
        self.progress = progress
        self.log = output_dir / "trainer_log.jsonl" if output_dir else None
        self.seen = len(_log_lines(self.log)) if self.log else 0
        self.started = time.monotonic()
        self.reached = 0
        self.phases: SimpleQueue[str] = SimpleQueue()
        self.status = Status("starting", unit="steps")
        progress.update(self.status)

    def read_line(self, text: str) -> None:
        """Take one line of output, in the thread that reads it; no stage comes back."""
        for number in range(self.reached, len(_STAGES)):
            pattern, stage = _STAGES[number]
            if pattern.search(text):
                self.reached = number + 1
                self.phases.put(stage)
                return

    def report_news(self) -> None:
        """Report where the trainer is, and each stage and step that it has come to since the last look."""
        while not self.phases.empty():
            self.status = replace(self.status, phase=self.phases.get())
            self.report()
        lines = _log_lines(self.log) if self.log else []
        self.seen = min(self.seen, len(lines))
        for line in lines[self.seen :]:
            self.status = _status(self.status, line)
            self.report()
        self.seen = len(lines)
        self.report()

    def report(self) -> None:
        """Update the progress with the state of things and the time that has passed."""
        self.progress.update(replace(self.status, seconds=time.monotonic() - self.started))


def _status(before: Status, line: dict[str, Any]) -> Status:
    trained = "training" if line.get("eval_loss") is None else "validating"
    return replace(
        before,
        phase=before.phase if before.phase == _PREDICTING else trained,
        done=int(line.get("current_steps", 0)),
        total=int(line.get("total_steps", 0)),
        loss=line.get("loss", before.loss),
        left=str(line.get("remaining_time", "")),
    )


def _log_lines(path: Path) -> list[dict[str, Any]]:
    """Read the whole lines of a trainer_log.jsonl; a line that is still being written is left for later."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines() if line.strip()]


def _follow(child: subprocess.Popen[bytes], sink: IO[bytes], watcher: _Watcher) -> int:
    """Copy the child's output into the log and keep the progress up to date until the child has ended."""
    assert child.stdout is not None
    reader = threading.Thread(target=_copy, args=(child.stdout, sink, watcher), daemon=True)
    reader.start()
    while child.poll() is None:
        watcher.report_news()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(POLL_SECONDS)
    reader.join(timeout=GRACE_SECONDS)
    watcher.report_news()
    return child.returncode


def _copy(source: IO[bytes], sink: IO[bytes], watcher: _Watcher) -> None:
    with source:
        for line in source:
            sink.write(line)
            sink.flush()
            watcher.read_line(line.decode("utf-8", "replace"))


def _failure(yaml: Path, code: int, log: Path) -> LfQwen3Error:
    if code < 0:
        name = signal.Signals(-code).name
        memory = "; this is what happens when a machine runs out of memory" if name == "SIGKILL" else ""
        return LfQwen3Error(
            f"the trainer was killed by {name} on {yaml}{memory}",
            f"see its whole output: {log}",
            code="trainer_killed",
        )
    error = last_error(log.read_text(encoding="utf-8", errors="replace"))
    return LfQwen3Error(
        f"the trainer failed on {yaml}: {error}", f"see its whole output: {log}", code="trainer_failed"
    )


def last_error(text: str) -> str:
    """Return the line of the output that says what went wrong: the last error that is not a mere wrapper."""
    lines = [line.strip() for line in text.replace("\r", "\n").splitlines() if line.strip()]
    errors = [match[1] for line in lines if (match := _ERROR.match(line))]
    own = [error for error in errors if not any(name in error for name in _WRAPPERS)]
    return (own or errors or lines or ["it printed nothing"])[-1]
