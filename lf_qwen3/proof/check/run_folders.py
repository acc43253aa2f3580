"""Read what is in the folders that a training YAML names; they are sought from the working directory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.proof.check.rules.training.folders import RunFolders
from lf_qwen3.proof.check.rules.training.training_setup import TrainingSetup


def read_run_folders(setup: TrainingSetup) -> RunFolders:
    """Return what the checks want to know of tokenized_path, output_dir and what a run begins with."""
    tokens = Path(str(setup["tokenized_path"] or ""))
    is_full = bool(setup["tokenized_path"]) and tokens.is_dir() and any(tokens.iterdir())
    newer = _newer(setup, tokens) if is_full else ""
    folders = RunFolders(tokens=str(tokens) if is_full else "", newer=newer)
    if not setup.trains or not isinstance(setup["output_dir"], str):
        return folders
    output = Path(setup["output_dir"])
    adapters = setup.names("adapter_name_or_path")
    same = [name for name in adapters if Path(name).resolve() == output.resolve()]
    inside = str(setup["adapter_folder"] or "")
    gone = [name for name in adapters if name not in same and _holds_no_adapter(name, inside)]
    return folders._replace(adapter="".join(same[:1]), gone="".join(gone[:1]), **_resumption(setup, output))


def _holds_no_adapter(name: str, inside: str) -> bool:
    """Detect a folder of this machine without an adapter; a hub id has one slash and no folder before it."""
    path = Path(name)
    is_id = not path.is_absolute() and path.parts[0] not in ("..", "~") and len(path.parts) == 2
    is_folder = not is_id or path.parent.is_dir()
    return is_folder and not (path / inside / "adapter_config.json").is_file()


def _newer(setup: TrainingSetup, tokens: Path) -> str:
    """Return a data file, or the registry, that was written after the tokens."""
    used = [*setup.names("dataset"), *setup.names("eval_dataset")]
    files = [path for name in used for path in setup.data.files.get(name, ())]
    written = max((time for _, time in _times(tokens.rglob("*"))), default=float("inf"))
    sources = _times([*files, Path(str(setup["dataset_dir"])) / "dataset_info.json"])
    return next((str(path) for path, time in sources if time > written), "")


def _times(paths: Iterable[Path]) -> Iterator[tuple[Path, float]]:
    """Yield every file that is there with the time of its last change."""
    yield from ((path, path.stat().st_mtime) for path in paths if path.is_file())


def _resumption(setup: TrainingSetup, output: Path) -> dict[str, str]:
    """Return which checkpoint the run continues from, or misses (hparams/parser.py, Trainer.train)."""
    if setup["stage"] in ("rm", "ppo") and setup["finetuning_type"] in ("full", "freeze"):
        return {}
    resume, last = setup["resume_from_checkpoint"], _last_checkpoint(output)
    if isinstance(resume, str) and resume:
        return {} if Path(resume).is_dir() else {"lost": resume}
    if last is None:
        is_empty = resume is True and output.is_dir()  # a run to go on with may lie where it is trained
        return {"lost": f"there is no checkpoint in {output}"} if is_empty else {}
    if not resume and setup["overwrite_output_dir"]:
        return {}
    state = _read_state(last)
    steps = f", step {state.get('global_step')} of {state.get('max_steps')}" if state else ""
    return {"finished" if _is_end(setup, state) else "resumed": f"{last}{steps}"}


def _last_checkpoint(output: Path) -> Path | None:
    folders = output.glob("checkpoint-*") if output.is_dir() else ()
    numbers = [path.name.removeprefix("checkpoint-") for path in folders if path.is_dir()]
    last = max((int(number) for number in numbers if number.isdecimal()), default=None)
    return None if last is None else output / f"checkpoint-{last}"


def _read_state(checkpoint: Path) -> dict[str, Any]:
    try:
        state = json.loads((checkpoint / "trainer_state.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _is_end(setup: TrainingSetup, state: Mapping[str, Any]) -> bool:
    """Return whether a run stopped at its end, and the YAML asks for no more steps or epochs than it had."""
    try:
        step, most, epochs = (float(state[key]) for key in ("global_step", "max_steps", "num_train_epochs"))
        wanted = float(setup["max_steps"] or -1)
        return step >= most and (step >= wanted if wanted > 0 else epochs >= float(setup["num_train_epochs"]))
    except (KeyError, TypeError, ValueError):
        return False
