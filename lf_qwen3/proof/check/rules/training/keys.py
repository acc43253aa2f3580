"""The keys of the YAML, and what must not be in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, add_nearest, check, reports
from lf_qwen3.proof.check.rules.training.training_setup import TrainingData, TrainingSetup, sft_setup
from lf_qwen3.trainer.settings.judge import REFUSED, SettingFault

_SECRETS = (
    *("hf_hub_token", "ms_hub_token", "om_hub_token", "hub_token"),
    *("swanlab_api_key", "swanlab_lark_secret"),
)
_LOOKS_SECRET = re.compile(r"(?:hf_|ms-|sk-|ghp_)[A-Za-z0-9_-]{16,}")
_GOOD = sft_setup(learning_rate=1e-4)


def _is_refusal(fault: SettingFault) -> bool:
    """Return whether a fault is the trainer's message about the whole file, not about one setting."""
    return fault.code in (REFUSED, "no_model") or bool(fault.check)


@check(
    "yaml_key",
    "error",
    "the trainer does not accept this setting",
    "it would stop seconds after its start; training.schema.json lists the keys and their types",
    good=_GOOD,
    bad=sft_setup(learning_rat=1e-4),
)
def yaml_key(setup: TrainingSetup) -> Iterator[Fault]:
    """Require keys and values that the trainer takes, as `recipe validate` does."""
    for fault in setup.faults:
        if fault.severity == "error" and not _is_refusal(fault):
            yield Fault(fault.message, fault.key, fault.cure)


@check(
    "yaml_spelling",
    "info",
    "ambiguous setting",
    "this version of the trainer accepts it as written; the cure of the setting names the clear spelling",
    good=_GOOD,
    bad=sft_setup(bf16=1),
)
def yaml_spelling(setup: TrainingSetup) -> Iterator[Fault]:
    """Report values that the trainer reads as others, as `recipe validate` does."""
    for fault in setup.faults:
        if fault.severity == "info":
            yield Fault(fault.message, fault.key, fault.cure)


@check(
    "trainer_refuses",
    "error",
    "the trainer's own parser refuses this file",
    "the message is the trainer's; correct the setting that it names",
    good=sft_setup(model_name_or_path="Qwen/Qwen3-4B", dataset="a"),
    bad=sft_setup(model_name_or_path="Qwen/Qwen3-4B", dataset="a", finetuning_type="full", use_dora=True),
)
def trainer_refuses(setup: TrainingSetup) -> Iterator[Fault]:
    """Require what the trainer's own parsers require, unless another check says the same of the file."""
    for fault in setup.faults:
        if _is_refusal(fault) and not reports(fault.check, setup):
            yield Fault(fault.message, fault.key, fault.cure)


@check(
    "dataset_dir_missing",
    "error",
    "dataset_dir does not exist, so the records were not checked",
    "set dataset_dir to the folder that holds dataset_info.json; a relative path counts from the "
    "folder where you start the trainer",
    good=_GOOD,
    bad=TrainingSetup({"dataset": "a"}, missing_dir="data"),
)
def dataset_dir_missing(setup: TrainingSetup) -> CheckResult:
    """Require the dataset_info.json of the datasets that are named."""
    is_needed = setup.names("dataset") or setup.names("eval_dataset")
    return Fault(setup.missing_dir, "dataset_dir") if setup.missing_dir and is_needed else PASS


@check(
    "yaml_secret",
    "error",
    "a secret (API key or token) in the YAML",
    "it is copied and shared with the file; set it in the environment: export HF_TOKEN=..., "
    "MODELSCOPE_API_TOKEN or SWANLAB_API_KEY",
    good=sft_setup(swanlab_api_key=None),
    bad=sft_setup(swanlab_api_key="x" * 20),
)
def yaml_secret(setup: TrainingSetup) -> Iterator[Fault]:
    """Require a YAML that can be shown to anyone; the value itself is never shown."""
    for key, value in setup.settings.items():
        if isinstance(value, str) and value and (key in _SECRETS or _LOOKS_SECRET.fullmatch(value)):
            yield Fault(str(key), str(key))


@check(
    "dataset_unregistered",
    "error",
    "the YAML names a dataset that is not in dataset_info.json",
    "correct the name, or register the data: lf-qwen3 register NAME FILE --dataset-dir DIR",
    good=TrainingSetup({"dataset": "a, b"}, registered=("a", "b")),
    bad=TrainingSetup({"dataset": "a,c"}, registered=("a", "b")),
)
def dataset_unregistered(setup: TrainingSetup) -> Iterator[Fault]:
    """Require that every dataset is registered."""
    for key in ("dataset", "eval_dataset"):
        for name in setup.names(key) if setup.registered is not None else ():
            if name not in (setup.registered or ()):
                yield Fault(add_nearest(name, setup.registered or ()), key)


@check(
    "stage_unfit",
    "error",
    "wrong kind of dataset for this training stage",
    "dpo and rm need preference pairs (ranking: true), kto needs labelled answers, pt plain text, "
    "sft questions and answers",
    good=sft_setup(TrainingData(kinds={"a": "sft"}), dataset="a"),
    bad=sft_setup(TrainingData(kinds={"a": "ranking"}), dataset="a"),
)
def stage_unfit(setup: TrainingSetup) -> Iterator[Fault]:
    """Require data of the stage's own kind (data/loader.py, data/processor)."""
    takes = {"pt": "pretrain", "rm": "ranking", "dpo": "ranking", "kto": "kto", "sft": "sft"}
    wanted = takes.get(str(setup["stage"]))
    for name, kind in setup.data.kinds.items():
        if wanted is not None and kind != wanted:
            yield Fault(f"{name} is {kind} data, stage {setup['stage']} needs {wanted}", "stage")
