"""The keys of the YAML, and what must not stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lf_qwen3.base.errors import UsageError
from lf_qwen3.proof.check.rules.registered import Fault, add_nearest, check
from lf_qwen3.proof.check.rules.training.training_setup import TrainingData, TrainingSetup, sft_setup
from lf_qwen3.trainer import schema

_SECRETS = (
    *("hf_hub_token", "ms_hub_token", "om_hub_token", "hub_token"),
    *("swanlab_api_key", "swanlab_lark_secret"),
)
_LOOKS_SECRET = re.compile(r"(?:hf_|ms-|sk-|ghp_)[A-Za-z0-9_-]{16,}")
_GOOD = sft_setup(learning_rate=1e-4)


@check(
    "yaml_key",
    "error",
    "the trainer does not take this setting",
    "it would stop, seconds after the start; the keys and their types stand in training.schema.json",
    good=_GOOD,
    bad=sft_setup(learning_rat=1e-4),
)
def yaml_key(setup: TrainingSetup) -> Iterator[Fault]:
    """Require keys and values of the trainer's own dataclasses."""
    known = schema.load()["properties"]
    for key, value in setup.settings.items():
        if key not in known:
            yield Fault(add_nearest(str(key), known), str(key))
            continue
        try:
            schema.check_settings({key: value}, "")
        except UsageError as error:
            yield Fault(error.message.removeprefix(": "), str(key))


@check(
    "yaml_secret",
    "error",
    "a key or token stands in the YAML",
    "it gets copied and shared with the file; set it in the environment: HF_TOKEN, "
    "MODELSCOPE_API_TOKEN, SWANLAB_API_KEY",
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
    "the YAML names a dataset that dataset_info.json does not",
    "correct the name, or register it: lf-qwen3 register NAME FILE --dataset-dir DIR",
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
    "a dataset is of another kind than the stage takes",
    "dpo and rm take ranking data, kto takes KTO data, pt plain text, sft questions and answers",
    good=sft_setup(TrainingData(kinds={"a": "sft"}), dataset="a"),
    bad=sft_setup(TrainingData(kinds={"a": "ranking"}), dataset="a"),
)
def stage_unfit(setup: TrainingSetup) -> Iterator[Fault]:
    """Require data of the stage's own kind (data/loader.py, data/processor)."""
    takes = {"pt": "pretrain", "rm": "ranking", "dpo": "ranking", "kto": "kto", "sft": "sft"}
    wanted = takes.get(str(setup["stage"]))
    for name, kind in setup.data.kinds.items():
        if wanted is not None and kind != wanted:
            yield Fault(f"{name} is {kind} data, stage {setup['stage']} takes {wanted}", "stage")
