"""Section Train presets: keep settings as a YAML, and rehearse them on the CPU."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import Progress
from lf_qwen3.board.board import without_secrets
from lf_qwen3.board.handlers import places
from lf_qwen3.board.handlers.train_tab import NAME, name_tab, written_yaml
from lf_qwen3.board.jobs import StepProgress
from lf_qwen3.recipes.document import format_setting

LARGEST = 1 << 20
"""Characters of a YAML."""

LOG_SHOWN = 20_000
"""Characters of the trainer's own output that are shown after a failure."""

PHASES = ("rehearse_model", "rehearse_train", "rehearse_write")


def save(settings: Mapping[str, Any], name: str | None, is_demo: bool = False) -> dict[str, str]:
    """Write settings without secrets as saves/NAME.yaml; return path, text and the command that runs it.

    Raises `UsageError` for an invalid name, settings that lack model or data or are too long, in demo
    mode, and where a file of that name holds something else.
    """
    places.refuse_demo(is_demo)
    path = Path(places.SAVES) / f"{places.check_name(name).removesuffix('.yaml')}.yaml"
    _require_whole(settings)
    command = f"llamafactory-cli train {path}"
    header = [
        "# Saved from LLaMA Board; run it in the folder where the board was started:",
        f"#   {command}",
        "",
    ]
    lines = [format_setting(key, value) for key, value in without_secrets(settings).items()]
    text = "\n".join([*header, *lines]) + "\n"
    if len(text) > LARGEST:
        raise UsageError(
            f"the settings are longer than {LARGEST:,} characters",
            "shorten the extra arguments",
            code="settings_too_long",
        )
    places.require_inside(path)
    if path.exists() and path.read_bytes() != text.encode():
        raise UsageError(f"{path} exists with other content", "use another name", code="file_exists")
    places.write_inside(path, text)
    return {"path": str(path), "command": command, "text": text}


def request(settings: Mapping[str, Any], tokenizer: str | None = "", is_demo: bool = False) -> dict[str, Any]:
    """Return the request for `rehearse`.

    Raises `UsageError` for settings without model or data, data outside the board's folder, in demo mode.
    """
    places.refuse_demo(is_demo)
    _require_whole(settings)
    places.require_inside(str(settings.get("dataset_dir") or "data"))
    return {"settings": without_secrets(settings), "tokenizer": (tokenizer or "").strip()}


def rehearse(asked: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Rehearse settings on the CPU; runs in a separate process, and leaves nothing behind.

    Returns what `lf-qwen3 rehearse --json` prints; `lines` say what was done, `output` is the end of the
    trainer's own output after a failure. Raises what the library's `rehearse` raises.
    """
    from lf_qwen3.proof import rehearse as rehearsing

    steps = StepProgress(progress, *PHASES)
    with written_yaml(asked["settings"]) as path:
        verdict = rehearsing.rehearse(rehearsing.RehearsalRequest(path, asked["tokenizer"] or None), steps)
    output = _end_of(verdict.log)
    if verdict.folder:
        shutil.rmtree(verdict.folder, ignore_errors=True)
    own = {"lines": steps.lines, "output": output, "yaml": NAME, "folder": "", "log": ""}
    shown: dict[str, Any] = verdict.as_json() | own
    if fault := shown["fault"]:
        shown["fault"] = {
            key: name_tab(value, path) if isinstance(value, str) else value for key, value in fault.items()
        }
    return shown


def _require_whole(settings: Mapping[str, Any]) -> None:
    if not settings.get("model_name_or_path"):
        raise UsageError(
            "no model is selected",
            "select a Qwen3 as model name at the top of the board",
            code="nothing_chosen",
        )
    if not settings.get("dataset"):
        raise UsageError(
            "no dataset is selected",
            "select one in the Train tab, or fill it in from a recipe",
            code="nothing_chosen",
        )


def _end_of(log: str) -> str:
    with contextlib.suppress(OSError):
        return Path(log).read_text("utf-8", errors="replace")[-LOG_SHOWN:] if log else ""
    return ""
