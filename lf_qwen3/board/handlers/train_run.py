"""Section Train presets: keep settings as a YAML, and rehearse them on the CPU."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board.board import without_secrets
from lf_qwen3.board.handlers import places, saved
from lf_qwen3.board.handlers.train_tab import NAME, named, told_of, yaml_of
from lf_qwen3.board.jobs import Tell
from lf_qwen3.recipes.document import format_setting

if TYPE_CHECKING:
    from lf_qwen3.base.progress import Status

FOLDER = "saves"
LARGEST = 1 << 20
"""Characters of a YAML."""

LOG_SHOWN = 20_000
"""Characters of the trainer's own output that are shown after a failure."""

_PHASES = ("rehearse_model", "rehearse_train", "rehearse_write")


def save(settings: Mapping[str, Any], name: str | None, is_demo: bool = False) -> dict[str, Any]:
    """Write settings as saves/NAME.yaml and return {"path", "command", "text"}; secrets are left out.

    Raises `UsageError` for a name that will not do, settings that lack model or data or are too long, in demo
    mode, and where a file of that name holds something else.
    """
    saved.refuse_demo(is_demo)
    path = Path(FOLDER) / f"{saved.checked_name(name).removesuffix('.yaml')}.yaml"
    _require_whole(settings)
    command = f"llamafactory-cli train {path}"
    header = [
        "# Kept from LLaMA Board; run it from the folder that the board was started in:",
        f"#   {command}",
        "",
    ]
    lines = [format_setting(key, value) for key, value in without_secrets(settings).items()]
    text = "\n".join([*header, *lines]) + "\n"
    if len(text) > LARGEST:
        raise UsageError(
            f"the settings are longer than {LARGEST:,} characters", "shorten the extra arguments"
        )
    places.require_inside(path)
    if path.exists() and path.read_bytes() != text.encode():
        raise UsageError(f"{path} is there already, with other content", "choose another name")
    saved.write(path, text)
    return {"path": str(path), "command": command, "text": text}


def request(settings: Mapping[str, Any], tokenizer: str = "", is_demo: bool = False) -> dict[str, Any]:
    """Return what `rehearse` is asked for.

    Raises `UsageError` for settings without model or data, data outside the board's folder, in demo mode.
    """
    saved.refuse_demo(is_demo)
    _require_whole(settings)
    places.require_inside(str(settings.get("dataset_dir") or "data"))
    return {"settings": without_secrets(settings), "tokenizer": tokenizer.strip()}


def rehearse(asked: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Rehearse settings on the CPU; runs in a process of its own, and leaves nothing behind.

    Returns the verdict as `lf-qwen3 rehearse --json` has it, `told` (what was done, line by line) and
    `output` (the end of the trainer's own output, "" after a success). Raises what `rehearse` raises.
    """
    from lf_qwen3.proof import rehearse as rehearsing

    voice = _Voice(tell)
    with yaml_of(asked["settings"]) as path:
        try:
            verdict = rehearsing.rehearse(
                rehearsing.RehearsalRequest(path, asked["tokenizer"] or None), voice
            )
        except LfQwen3Error as error:
            raise told_of(error, path) from error
    output = _end_of(verdict.log)
    if verdict.folder:
        shutil.rmtree(verdict.folder, ignore_errors=True)
    found = verdict.as_json() | {"yaml": NAME, "log": "", "folder": ""}
    if fault := found["fault"]:
        found["fault"] = {
            key: named(value, path) if isinstance(value, str) else value for key, value in fault.items()
        }
    return found | {"told": voice.lines, "output": output}


class _Voice:
    """Listens to a rehearsal: tells the page how far it is, and keeps what was done."""

    def __init__(self, tell: Tell) -> None:
        self.lines: list[str] = []
        self._tell = tell
        self._phase = _PHASES[0]
        self._last = ("", 0)

    def start(self, title: str, step: int = 1, of: int = 1) -> None:
        """Hear that a step begins."""
        self.lines.append(f"{step}/{of}  {title}")
        self._phase, self._last = _PHASES[step - 1], ("", 0)
        self._tell(self._phase, 0, 0)

    def update(self, status: Status) -> None:
        """Hear where the trainer is; each stage and each step is kept once."""
        self._tell(self._phase, status.done, status.total)
        if (status.phase, status.done) != self._last:
            self._last = (status.phase, status.done)
            step = f"  {status.done}/{status.total}" if status.done else ""
            loss = f"  loss {status.loss:.4f}" if status.done and status.loss is not None else ""
            self.lines.append(f"{status.seconds:7.1f} s  {status.phase}{step}{loss}")

    def finish(self, title: str) -> None:
        """Hear what the step has made."""
        self.lines.append(f"     {title}")

    def warn(self, text: str) -> None:
        """Take a warning; the page shows those of the result."""


def _require_whole(settings: Mapping[str, Any]) -> None:
    if not settings.get("model_name_or_path"):
        raise UsageError("no model is chosen", "choose a Qwen3 as model name at the top of the board")
    if not settings.get("dataset"):
        raise UsageError("no dataset is chosen", "choose one in the Train tab, or fill it in from a recipe")


def _end_of(log: str) -> str:
    if not log:
        return ""
    try:
        return Path(log).read_text("utf-8", errors="replace")[-LOG_SHOWN:]
    except OSError:
        return ""
