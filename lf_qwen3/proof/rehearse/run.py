"""The order of a rehearsal: read, switch off, make the tiny model, train, let it write, tell the verdict."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import Progress
from lf_qwen3.data import registry
from lf_qwen3.proof.rehearse import cpu, data, faults, model
from lf_qwen3.proof.rehearse.data import RehearsalDataset
from lf_qwen3.proof.rehearse.faults import FailureContext
from lf_qwen3.proof.rehearse.verdict import (
    RehearsalAnswer,
    RehearsalFault,
    RehearsalRequest,
    RehearsalVerdict,
)
from lf_qwen3.proof.validate import validate
from lf_qwen3.recipes import name_method, predict
from lf_qwen3.trainer import process, yaml_reader

STAGES = ("sft", "dpo", "kto", "pt", "rm")
ANSWERS = 2
NEW_TOKENS = 24
METRIC_PARTS = ("jieba", "nltk", "rouge_chinese")

_VOCABULARY = ("resize_vocab", "add_tokens", "add_special_tokens", "new_special_tokens_config")
_STEPS = 3


class _Failed(Exception):  # noqa: N818 - it carries the verdict's fault, it is no error of the program
    def __init__(self, fault: RehearsalFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def rehearse(request: RehearsalRequest, listener: Progress) -> RehearsalVerdict:
    """Rehearse one training YAML and return the verdict.

    Raises `UsageError` for a file or a tokenizer that is not there and a YAML that trains nothing,
    `LfQwen3Error` when the trainer is not installed. What stops the training is the verdict's fault.
    """
    started = time.monotonic()
    verdict = RehearsalVerdict(str(request.yaml))
    folder = Path(tempfile.mkdtemp(prefix="lf-qwen3-rehearsal-"))
    try:
        _rehearse(request, verdict, folder, listener)
    except _Failed as failed:
        verdict.fault = failed.fault
    finally:
        verdict.seconds = round(time.monotonic() - started, 1)
        if verdict.fault is None or not verdict.log:
            shutil.rmtree(folder, ignore_errors=True)
    verdict.folder = str(folder) if folder.is_dir() else ""
    return verdict


def _rehearse(request: RehearsalRequest, verdict: RehearsalVerdict, folder: Path, listener: Progress) -> None:
    scene = _read(request)
    verdict.method = name_method(dict(scene.settings))
    verdict.datasets = data.list_names(scene.settings, "dataset")
    process.require_installed()
    listener.start("making a tiny model (the first time 10 to 40 seconds)", 1, _STEPS)
    name = str(scene.settings["model_name_or_path"])
    tiny = model.prepare_model(name, request.tokenizer, model.cache_folder() or folder)
    verdict.model, verdict.tokenizer = tiny.what, tiny.tokenizer
    verdict.notes += tiny.notes
    listener.finish(f"{tiny.what}; tokenizer: {tiny.tokenizer}")
    settings = _settings(request, scene, tiny, folder, verdict)
    listener.start(f"training {request.steps} steps: llamafactory-cli train", 2, _STEPS)
    _train(settings, scene, verdict, folder, listener)
    _look_at_training(request, scene, verdict, folder)
    listener.start("letting it write", 3, _STEPS)
    _generate(settings, scene, verdict, folder, listener)


def _read(request: RehearsalRequest) -> FailureContext:
    """Return the YAML and the rows it names; a key that the trainer would refuse fails at once."""
    found = validate(request.yaml)
    for one in found.findings:
        if one.severity == "error" and one.code != "repeated_key":
            raise _Failed(
                RehearsalFault(one.message, one.hint, one.key, one.row, file="" if one.key else one.file)
            )
    if found.dialect not in ("train", "megatron"):
        raise UsageError(f"{request.yaml}: {found.notes[0]}", "rehearse takes a YAML that trains")
    yaml = yaml_reader.read(request.yaml)
    for key, line in yaml.repeated:
        raise _Failed(RehearsalFault(f"{key} stands twice", "take one of the lines out", key, line))
    settings = yaml.settings
    if not settings.get("do_train"):
        raise UsageError(
            f"{request.yaml} trains nothing: do_train is not true", "rehearse takes a YAML that trains"
        )
    if settings.get("stage", "sft") not in STAGES:
        raise UsageError(
            f"stage {settings['stage']} cannot be rehearsed: it needs the real reward model",
            f"rehearse takes {', '.join(STAGES)}",
        )
    rows = min(request.rows, settings.get("max_samples") or request.rows)
    return FailureContext(settings, yaml.lines, data.read_datasets(settings, rows), _registered(settings))


def _registered(settings: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        return tuple(registry.read(str(settings.get("dataset_dir") or "data")))
    except LfQwen3Error:
        return ()


def _settings(
    request: RehearsalRequest,
    scene: FailureContext,
    tiny: model.RehearsalModel,
    folder: Path,
    verdict: RehearsalVerdict,
) -> dict[str, Any]:
    settings, off = cpu.switch_off(scene.settings)
    settings, short = cpu.shorten(settings, request.steps, request.rows, str(folder / "trained"))
    verdict.changes = [*off, *short]
    return settings | {"model_name_or_path": str(tiny.folder)}


def _train(
    settings: Mapping[str, Any],
    scene: FailureContext,
    verdict: RehearsalVerdict,
    folder: Path,
    listener: Progress,
) -> None:
    _run(settings, "train", scene, verdict, folder, listener)
    trained = folder / "trained"
    verdict.records = process.examples(folder / "train.log")
    verdict.losses = process.losses(trained)
    verdict.steps, verdict.eval_loss = _state(trained)
    ends = [f"{one:.3f}" for one in (verdict.losses[0], verdict.losses[-1])] if verdict.losses else ["?"]
    listener.finish(f"{verdict.steps} steps on {verdict.records} records, loss {' to '.join(ends)}")


def _run(
    settings: Mapping[str, Any],
    name: str,
    scene: FailureContext,
    verdict: RehearsalVerdict,
    folder: Path,
    listener: Progress,
) -> None:
    """Run the trainer on settings; raise the fault that its last error stands for."""
    yaml, log = folder / f"{name}.yaml", folder / f"{name}.log"
    lines = [f"{key}: {json.dumps(value)}" for key, value in settings.items()]
    yaml.write_text("\n".join(lines) + "\n", "utf-8")
    env = dict(cpu.ENVIRONMENT)
    if all(one.file for one in scene.datasets):
        env["HF_DATASETS_CACHE"] = str(folder / "cache")
    try:
        process.train(yaml, log, listener, Path(str(settings["output_dir"])), env)
    except LfQwen3Error as error:
        verdict.log = str(log)
        said = log.read_text("utf-8", errors="replace")
        told = process.last_error(said) if " was ended by " not in error.message else error.message
        raise _Failed(faults.explain_error(told, replace(scene, log=said))) from error


def _state(trained: Path) -> tuple[int, float | None]:
    """Return the steps that were made, and the last validation loss."""
    try:
        state = json.loads((trained / "trainer_state.json").read_text("utf-8"))
    except (OSError, ValueError):
        return 0, None
    evaluated = [one["eval_loss"] for one in state["log_history"] if "eval_loss" in one]
    return int(state["global_step"]), evaluated[-1] if evaluated else None


def _look_at_training(
    request: RehearsalRequest, scene: FailureContext, verdict: RehearsalVerdict, folder: Path
) -> None:
    """Fail where the loss is no number; note the rows that were left out."""
    if not verdict.losses or not all(map(math.isfinite, verdict.losses)):
        verdict.log = str(folder / "train.log")
        raise _Failed(
            RehearsalFault(
                "the loss is no number: in some record there is nothing to learn",
                "a prompt longer than cutoff_len leaves no answer: lf-qwen3 check --config YAML counts them",
                key="cutoff_len",
                line=scene.lines.get("cutoff_len"),
            )
        )
    for dataset in scene.datasets:
        verdict.notes += _lost_rows(dataset)


def _lost_rows(dataset: RehearsalDataset) -> list[str]:
    if not dataset.lost:
        return []
    first = dataset.lost[0]
    return [
        f"{dataset.name}: the trainer leaves out {len(dataset.lost)} of {dataset.rows} rows, "
        f"the first at {first.file}:{first.row}: {first.reason}"
    ]


def _generate(
    settings: Mapping[str, Any],
    scene: FailureContext,
    verdict: RehearsalVerdict,
    folder: Path,
    listener: Progress,
) -> None:
    """Let the trained model answer some prompts of its own data, by the trainer's own prediction."""
    missing = [part for part in METRIC_PARTS if importlib.util.find_spec(part) is None]
    if missing:
        packages = " ".join(missing).replace("_", "-")
        verdict.notes.append(f"nothing was generated: predicting needs them, run: pip install {packages}")
        return
    kind, stage = settings.get("finetuning_type", "lora"), settings.get("stage", "sft")
    if kind == "oft" or stage == "rm" or not data.write_prompts(scene.datasets, folder / "prompts", ANSWERS):
        verdict.notes.append("nothing was generated: it does not apply here")
        return
    own = {"max_new_tokens": NEW_TOKENS, "per_device_eval_batch_size": ANSWERS}
    sections = predict.build_predict(settings, data.PROMPTS, str(folder / "answers"), "thinking", own)
    answering = {key: value for section in sections.values() for key, value in section.items()}
    answering |= {key: settings[key] for key in _VOCABULARY if key in settings and kind == "lora"}
    answering |= {"dataset_dir": str(folder / "prompts"), "overwrite_output_dir": True}
    _run(answering, "answer", scene, verdict, folder, listener)
    lines = (folder / "answers" / "generated_predictions.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    verdict.answers = [RehearsalAnswer(one["prompt"], one["predict"]) for one in found]
    listener.finish(f"{len(found)} answers of at most {NEW_TOKENS} tokens")
