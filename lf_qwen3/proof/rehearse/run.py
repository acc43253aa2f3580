"""Run a rehearsal: read the YAML, switch off what needs a GPU, make a tiny model, train it, let it write."""

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
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data import registry
from lf_qwen3.proof.rehearse import cpu, data, faults, model
from lf_qwen3.proof.rehearse.data import RehearsalDataset
from lf_qwen3.proof.rehearse.failure_context import FailureContext
from lf_qwen3.proof.rehearse.refusals import find_unseen_faults
from lf_qwen3.proof.rehearse.verdict import (
    RehearsalAnswer,
    RehearsalChange,
    RehearsalFault,
    RehearsalRequest,
    RehearsalVerdict,
)
from lf_qwen3.proof.validate import YamlValidation, validate
from lf_qwen3.recipes import name_method, predict
from lf_qwen3.trainer import process, yaml_reader

STAGES = ("sft", "dpo", "kto", "pt", "rm")
ANSWERS = 2
NEW_TOKENS = 24
METRIC_PARTS = ("jieba", "nltk", "rouge_chinese")

_VOCABULARY = ("resize_vocab", "add_tokens", "add_special_tokens", "new_special_tokens_config")
_STEPS = 3


_NO_LOSS = RehearsalFault(
    "the loss is not a number (NaN): a record has no token in the loss",
    "truncation by cutoff_len can remove a whole answer: lf-qwen3 check --config YAML counts such records",
    key="cutoff_len",
)


class _Failed(Exception):  # noqa: N818 - it carries the verdict's fault, it is no error of the program
    def __init__(self, fault: RehearsalFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def rehearse(request: RehearsalRequest, progress: Progress = NoProgress()) -> RehearsalVerdict:
    """Rehearse one training YAML and return the verdict.

    Raises `UsageError` for a file or a tokenizer that does not exist and a YAML that trains nothing,
    `LfQwen3Error` when the trainer is not installed. What stops the training is the verdict's fault.
    """
    started = time.monotonic()
    rehearsal = _Rehearsal(request, Path(tempfile.mkdtemp(prefix="lf-qwen3-rehearsal-")), progress)
    verdict, folder = rehearsal.verdict, rehearsal.folder
    try:
        rehearsal.run()
    except _Failed as failed:
        verdict.fault = failed.fault
    finally:
        verdict.seconds = round(time.monotonic() - started, 1)
        if verdict.fault is None or not verdict.log:
            shutil.rmtree(folder, ignore_errors=True)
    verdict.folder = str(folder) if folder.is_dir() else ""
    return verdict


class _Rehearsal:
    """One rehearsal in the temporary `folder`; its verdict fills as the steps end."""

    def __init__(self, request: RehearsalRequest, folder: Path, progress: Progress) -> None:
        self.request = request
        self.folder = folder
        self.progress = progress
        self.verdict = RehearsalVerdict(str(request.yaml))
        self.context = FailureContext({})

    def run(self) -> None:
        """Take every step in its order; raise `_Failed` at the first fault."""
        self.context = _read_context(self.request)
        own = self.context.settings
        self.verdict.method = name_method(dict(own))
        self.verdict.datasets = data.list_names(own, "dataset")
        settings, self.verdict.changes = self.shorten(own)
        self.refuse_unseen()
        process.require_installed()
        self.progress.start("asking the trainer's own parsers, and building a tiny model", 1, _STEPS)
        self.ask_trainer()
        settings["model_name_or_path"] = str(self.make_model(str(own["model_name_or_path"])))
        self.progress.start(f"training {self.request.steps} steps: llamafactory-cli train", 2, _STEPS)
        self.train(settings)
        self.progress.start("generating answers", 3, _STEPS)
        self.generate(settings)

    def make_model(self, name: str) -> Path:
        """Return the folder of the tiny model that replaces `name`."""
        tiny = model.prepare_model(name, self.request.tokenizer, model.cache_folder() or self.folder)
        self.verdict.model, self.verdict.tokenizer = tiny.what, tiny.tokenizer
        self.verdict.notes += tiny.notes
        self.progress.finish(f"{tiny.what}; tokenizer: {tiny.tokenizer}")
        return tiny.folder

    def shorten(self, own: Mapping[str, Any]) -> tuple[dict[str, Any], list[RehearsalChange]]:
        """Return the user's settings for a CPU and a few steps, and what was changed in them."""
        settings, off = cpu.switch_off(own)
        trained = str(self.folder / "trained")
        settings, short = cpu.shorten(settings, self.request.steps, self.request.rows, trained)
        return settings, [*off, *short]

    def refuse_unseen(self) -> None:
        """Fail at what is wrong in a setting that the rehearsal changes; note what else is wrong."""
        changed = {"model_name_or_path", "output_dir", *(change.key for change in self.verdict.changes)}
        fault, notes = find_unseen_faults(self.context, changed)
        self.verdict.notes += notes
        if fault:
            raise _Failed(fault)

    def ask_trainer(self) -> None:
        """Fail at what the trainer's own parsers refuse of the unchanged YAML; note what was simulated."""
        answer = _require_valid(validate(self.request.yaml, strict=True)).trainer
        self.verdict.notes += answer.notes if answer else []

    def train(self, settings: Mapping[str, Any]) -> None:
        """Train, and fail where the loss is not a number; note the rows that the trainer leaves out."""
        self.start_trainer(settings, "train")
        trained, verdict = self.folder / "trained", self.verdict
        verdict.records = process.examples(self.folder / "train.log")
        verdict.losses = process.losses(trained)
        verdict.steps, verdict.eval_loss = _read_state(trained)
        losses = verdict.losses
        ends = f"{losses[0]:.3f} to {losses[-1]:.3f}" if losses else "?"
        self.progress.finish(f"{verdict.steps} steps on {verdict.records} records, loss {ends}")
        if not losses or not all(map(math.isfinite, losses)):
            verdict.log = str(self.folder / "train.log")
            raise _Failed(replace(_NO_LOSS, line=self.context.lines.get("cutoff_len")))
        for dataset in self.context.datasets:
            verdict.notes += _describe_lost_rows(dataset)

    def start_trainer(self, settings: Mapping[str, Any], name: str) -> None:
        """Run the trainer on settings; raise the fault of its last error."""
        yaml, log = self.folder / f"{name}.yaml", self.folder / f"{name}.log"
        lines = [f"{key}: {json.dumps(value)}" for key, value in settings.items()]
        yaml.write_text("\n".join(lines) + "\n", "utf-8")
        env = dict(cpu.ENVIRONMENT)
        if all(dataset.file for dataset in self.context.datasets):
            env["HF_DATASETS_CACHE"] = str(self.folder / "cache")
        try:
            process.train(yaml, log, self.progress, Path(str(settings["output_dir"])), env)
        except LfQwen3Error as error:
            self.verdict.log = str(log)
            output = log.read_text("utf-8", errors="replace")
            is_ended = error.code == "trainer_killed"
            message = error.message if is_ended else process.last_error(output)
            raise _Failed(faults.explain_error(message, replace(self.context, log=output))) from error

    def generate(self, settings: Mapping[str, Any]) -> None:
        """Let the trained model answer some prompts of its own data, by the trainer's own prediction."""
        notes = self.verdict.notes
        if missing := [part for part in METRIC_PARTS if importlib.util.find_spec(part) is None]:
            packages = " ".join(missing).replace("_", "-")
            notes.append(
                f"nothing was generated: predicting needs packages that are missing: pip install {packages}"
            )
            return
        kind, stage = settings.get("finetuning_type", "lora"), settings.get("stage", "sft")
        prompts, answers = self.folder / "prompts", self.folder / "answers"
        if kind == "oft" or stage == "rm" or not data.write_prompts(self.context.datasets, prompts, ANSWERS):
            notes.append("nothing was generated: this kind of training writes no answers")
            return
        own = {"max_new_tokens": NEW_TOKENS, "per_device_eval_batch_size": ANSWERS}
        sections = predict.build_predict(settings, data.PROMPTS, str(answers), "thinking", own)
        answering = {key: value for section in sections.values() for key, value in section.items()}
        answering |= {key: settings[key] for key in _VOCABULARY if key in settings and kind == "lora"}
        answering |= {"dataset_dir": str(prompts), "overwrite_output_dir": True}
        answering |= {"template": "empty"} if stage == "pt" else {}  # texts are gone on with, not answered
        self.start_trainer(answering, "answer")
        lines = (answers / "generated_predictions.jsonl").read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        self.verdict.answers = [RehearsalAnswer(row["prompt"], row["predict"]) for row in rows]
        self.progress.finish(f"{len(rows)} answers of at most {NEW_TOKENS} tokens")


def _read_context(request: RehearsalRequest) -> FailureContext:
    """Return the YAML and the rows it names; a key that the trainer would refuse fails at once."""
    validation = _require_valid(validate(request.yaml))
    if validation.dialect not in ("train", "megatron"):
        raise _not_a_training(f"{request.yaml}: {validation.notes[0]}")
    yaml = yaml_reader.read(request.yaml)
    settings = yaml.settings
    if not settings.get("do_train"):
        raise _not_a_training(f"{request.yaml} trains nothing: do_train is not true")
    if settings.get("stage", "sft") not in STAGES:
        raise UsageError(
            f"rehearse does not support stage {settings['stage']}: it needs the real reward model",
            f"supported stages: {', '.join(STAGES)}",
            code="not_rehearsed",
        )
    rows = min(request.rows, settings.get("max_samples") or request.rows)
    return FailureContext(settings, yaml.lines, data.read_datasets(settings, rows), _registered(settings))


def _require_valid(validation: YamlValidation) -> YamlValidation:
    for finding in validation.findings:
        if finding.severity == "error":
            file = "" if finding.key else finding.file
            raise _Failed(RehearsalFault(finding.message, finding.hint, finding.key, finding.row, file=file))
    return validation


def _not_a_training(message: str) -> UsageError:
    return UsageError(message, "name a YAML that trains (do_train: true)", code="not_a_training")


def _registered(settings: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        return tuple(registry.read_registry(str(settings.get("dataset_dir") or "data")))
    except LfQwen3Error:
        return ()


def _read_state(trained: Path) -> tuple[int, float | None]:
    """Return the steps that were made, and the last validation loss."""
    try:
        state = json.loads((trained / "trainer_state.json").read_text("utf-8"))
    except (OSError, ValueError):
        return 0, None
    losses = [entry["eval_loss"] for entry in state["log_history"] if "eval_loss" in entry]
    return int(state["global_step"]), losses[-1] if losses else None


def _describe_lost_rows(dataset: RehearsalDataset) -> list[str]:
    if not dataset.lost:
        return []
    first = dataset.lost[0]
    return [
        f"{dataset.name}: the trainer drops {len(dataset.lost)} of {dataset.rows} rows, the first at "
        f"{first.file}:{first.row}: {first.reason}"
    ]
