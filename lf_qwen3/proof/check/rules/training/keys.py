"""The keys of the YAML, and what must not stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lf_qwen3.base.errors import UsageError
from lf_qwen3.proof.check.rules.check_rule import Fault, check, did_you_mean
from lf_qwen3.proof.check.rules.training.training_setup import Data, Training, training
from lf_qwen3.trainer import schema

_SECRETS = (
    *("hf_hub_token", "ms_hub_token", "om_hub_token", "hub_token"),
    *("swanlab_api_key", "swanlab_lark_secret"),
)
_LOOKS_SECRET = re.compile(r"(?:hf_|ms-|sk-|ghp_)[A-Za-z0-9_-]{16,}")
_GOOD = training(learning_rate=1e-4)


@check(
    "yaml_key",
    "error",
    "the trainer does not take this setting",
    "it would stop, seconds after the start; the keys and their types stand in training.schema.json",
    good=_GOOD,
    bad=training(learning_rat=1e-4),
)
def yaml_key(yaml: Training) -> Iterator[Fault]:
    """Require keys and values of the trainer's own dataclasses."""
    known = schema.load()["properties"]
    for key, value in yaml.settings.items():
        if key not in known:
            yield Fault(f"{key}{did_you_mean(str(key), known)}", str(key))
            continue
        try:
            schema.check({key: value}, "")
        except UsageError as error:
            yield Fault(error.message.removeprefix(": "), str(key))


@check(
    "yaml_secret",
    "error",
    "a key or token stands in the YAML",
    "it gets copied and shared with the file; set it in the environment: HF_TOKEN, "
    "MODELSCOPE_API_TOKEN, SWANLAB_API_KEY",
    good=training(swanlab_api_key=None),
    bad=training(swanlab_api_key="x" * 20),
)
def yaml_secret(yaml: Training) -> Iterator[Fault]:
    """Require a YAML that can be shown to anyone; the value itself is never told."""
    for key, value in yaml.settings.items():
        if isinstance(value, str) and value and (key in _SECRETS or _LOOKS_SECRET.fullmatch(value)):
            yield Fault(str(key), str(key))


@check(
    "dataset_unregistered",
    "error",
    "the YAML names a dataset that dataset_info.json does not",
    "correct the name, or register it: lf-qwen3 register NAME FILE --dataset-dir DIR",
    good=Training({"dataset": "a, b"}, registered=("a", "b")),
    bad=Training({"dataset": "a,c"}, registered=("a", "b")),
)
def dataset_unregistered(yaml: Training) -> Iterator[Fault]:
    """Require that every dataset is registered."""
    for key in ("dataset", "eval_dataset"):
        for name in yaml.names(key) if yaml.registered is not None else ():
            if name not in (yaml.registered or ()):
                yield Fault(name + did_you_mean(name, yaml.registered or ()), key)


@check(
    "stage_unfit",
    "error",
    "a dataset is of another kind than the stage takes",
    "dpo and rm take ranking data, kto takes KTO data, pt plain text, sft questions and answers",
    good=training(Data(kinds={"a": "sft"}), dataset="a"),
    bad=training(Data(kinds={"a": "ranking"}), dataset="a"),
)
def stage_unfit(yaml: Training) -> Iterator[Fault]:
    """Require data of the stage's own kind (data/loader.py, data/processor)."""
    takes = {"pt": "pretrain", "rm": "ranking", "dpo": "ranking", "kto": "kto", "sft": "sft"}
    wanted = takes.get(str(yaml["stage"]))
    for name, kind in yaml.data.kinds.items():
        if wanted is not None and kind != wanted:
            yield Fault(f"{name} is {kind} data, stage {yaml['stage']} takes {wanted}", "stage")
