"""Read what lies in the folders that a training YAML names; they are sought from the working directory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.proof.check.rules.training.folders import RunFolders
from lf_qwen3.proof.check.rules.training.training_setup import TrainingSetup


def read_run_folders(setup: TrainingSetup) -> RunFolders:
    """Return what the checks want to know of tokenized_path, output_dir and what a run begins with."""
    tokens = _folder(setup["tokenized_path"])
    is_full = tokens is not None and tokens.is_dir() and any(tokens.iterdir())
    output = _folder(setup["output_dir"])
    if not setup.trains or output is None:
        return RunFolders(
            tokens=str(tokens) if is_full else "", newer=_newer(setup, tokens) if is_full else ""
        )
    last, state = _last_checkpoint(output)
    resume, is_alone = setup["resume_from_checkpoint"], bool(setup["overwrite_output_dir"])
    is_end = bool(state) and _is_end(setup, state)
    there = (
        f"{last}, step {state.get('global_step')} of {state.get('max_steps')}" if state else str(last or "")
    )
    goes_on = (
        last is not None and (resume is True or (resume in (None, "") and not is_alone)) and _resumes(setup)
    )
    return RunFolders(
        tokens=str(tokens) if is_full else "",
        newer=_newer(setup, tokens) if is_full else "",
        finished=there if goes_on and is_end else "",
        resumed=there if goes_on and not is_end else "",
        lost=_lost(resume, last, output) if _resumes(setup) else "",
        adapter=next((name for name in setup.names("adapter_name_or_path") if _is_same(name, output)), ""),
    )


def _folder(value: object) -> Path | None:
    return Path(value) if isinstance(value, str) and value else None


def _newer(setup: TrainingSetup, tokens: Path | None) -> str:
    """Return a data file, or the registry, that was written after the tokens."""
    used = [*setup.names("dataset"), *setup.names("eval_dataset")]
    files = [path for name in used for path in setup.data.files.get(name, ())]
    registry = Path(str(setup["dataset_dir"])) / "dataset_info.json"
    times = [time for _, time in _times(tokens.rglob("*"))] if tokens else []
    sources = _times([*files, registry])
    return next((str(path) for path, time in sources if times and time > max(times)), "")


def _times(paths: Any) -> Iterator[tuple[Path, float]]:
    """Yield every file that is there with the time of its last change."""
    yield from ((path, path.stat().st_mtime) for path in paths if path.is_file())


def _last_checkpoint(output: Path) -> tuple[Path | None, dict[str, Any]]:
    """Return the last checkpoint of a run and its trainer_state.json; {} where that cannot be read."""
    numbered = [
        (int(path.name.removeprefix("checkpoint-")), path)
        for path in (output.glob("checkpoint-*") if output.is_dir() else ())
        if path.is_dir() and path.name.removeprefix("checkpoint-").isdecimal()
    ]
    if not numbered:
        return None, {}
    last = max(numbered)[1]
    try:
        state = json.loads((last / "trainer_state.json").read_text("utf-8"))
    except (OSError, ValueError):
        return last, {}
    return last, state if isinstance(state, dict) else {}


def _is_end(setup: TrainingSetup, state: Mapping[str, Any]) -> bool:
    """Tell whether a run stopped at its end, and the YAML asks for no more steps or epochs than it had."""
    try:
        step, most = int(state["global_step"]), int(state["max_steps"])
        wanted = int(setup["max_steps"] or -1)
        is_longer = step < wanted if wanted > 0 else float(setup["num_train_epochs"]) > _epochs(state)
    except (KeyError, TypeError, ValueError):
        return False
    return step >= most and not is_longer


def _epochs(state: Mapping[str, Any]) -> float:
    return float(state.get("num_train_epochs") or state["epoch"])


def _resumes(setup: TrainingSetup) -> bool:
    """Tell whether the trainer can go on from a checkpoint at this stage (hparams/parser.py)."""
    return not (setup["stage"] in ("rm", "ppo") and setup["finetuning_type"] in ("full", "freeze"))


def _lost(resume: object, last: Path | None, output: Path) -> str:
    if resume is True:
        return "" if last else f"there is no checkpoint in {output}"
    return resume if isinstance(resume, str) and resume and not Path(resume).is_dir() else ""


def _is_same(name: str, output: Path) -> bool:
    return Path(name).resolve() == output.resolve()
