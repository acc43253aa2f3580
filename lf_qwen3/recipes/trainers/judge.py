"""Judge a config of another trainer: whose it is, which keys it does not take, which values are of no use.

Axolotl takes any key without a message, and the others stop at a wrong one only when they start. What each
takes was read from its own classes, with the version that its file names.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lf_qwen3.base.nearest import nearest
from lf_qwen3.base.number_text import is_number
from lf_qwen3.recipes.trainers import list_trainers
from lf_qwen3.recipes.trainers.trainer import TrainerKeys, read_key_kinds, read_mark
from lf_qwen3.trainer import schema
from lf_qwen3.trainer.settings import kinds
from lf_qwen3.trainer.settings.judge import SettingFault
from lf_qwen3.trainer.settings.names import OTHER_NAMES
from lf_qwen3.trainer.yaml_reader import YamlReading

_LEAST_OWN = 2
"""Keys that a trainer takes and LLaMA-Factory does not, by which a file without a head is known."""
_HYDRA = ("defaults", "hydra")
_ENGINES = {"sft_trainer": "sft_trainer_engine"}
"""Configs that verl had, and what took their place."""
_BOOLEANS = ("true", "false", "yes", "no", "on", "off", "0", "1")


def list_judged() -> dict[str, TrainerKeys]:
    """Return the trainers whose configs are judged, by name: those for records, then those for GRPO alone."""
    from lf_qwen3.recipes.grpo import list_grpo_trainers

    return {trainer.name: trainer for trainer in (*list_grpo_trainers(), *list_trainers())}


def recognise_trainer(reading: YamlReading) -> TrainerKeys | None:
    """Return the trainer that a config is for: by its head, or by its keys; None for LLaMA-Factory's."""
    if (mark := read_mark(reading.path)) and (named := list_judged().get(mark)):
        return named
    if kinds.detect_dialect(reading) not in ("train", "v1", "megatron"):
        return None
    own = {*schema.load()["properties"], *schema.keys_of("v1"), *kinds.megatron_keys()}
    is_flat = not any(isinstance(value, dict) for value in reading.settings.values())
    if is_flat and sum(key not in own for key in reading.settings) < _LEAST_OWN:
        return None
    judged = list_judged()
    counts = {name: _count_own(reading.settings, trainer, own) for name, trainer in judged.items()}
    best = max(counts, key=lambda name: counts[name])
    return judged[best] if counts[best] >= _LEAST_OWN else None


def _count_own(settings: Mapping[str, Any], trainer: TrainerKeys, other: set[str]) -> int:
    """Return how many keys are the trainer's alone; -1 where one is LLaMA-Factory's alone."""
    flat = dict(_flatten(settings, read_key_kinds(trainer.name)))
    known = trainer.known_keys | trainer.renamed.keys()
    if any(key in other and key not in known for key in flat):
        return -1
    return sum(key in known and key not in other for key in flat)


def judge_trainer_settings(reading: YamlReading, trainer: TrainerKeys) -> list[SettingFault]:
    """Return what is wrong with the keys and values of a trainer's config."""
    known = read_key_kinds(trainer.name)
    if not known:
        return []
    faults = [
        SettingFault("repeated_key", key, f"{key}: duplicate key", "remove one of them", line=line)
        for key, line in reading.repeated
    ]
    command = _command_of(reading.settings, trainer, known)
    for key, value in _flatten(reading.settings, known):
        fault = _judge_key(key, trainer, known, command) or _judge_value(key, value, trainer, known)
        if fault:
            faults.append(fault)
    return [*faults, *_judge_hydra(reading.settings)]


def _flatten(
    settings: Mapping[str, Any], known: Mapping[str, Any], before: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield keys and values, those of a section as `section.key`; a key that takes any mapping is whole."""
    for name, value in settings.items():
        if not before and name in _HYDRA:
            continue
        key = f"{before}{name}"
        is_section = known.get(key, {"kind": "section"})["kind"] == "section"
        if isinstance(value, dict) and value and is_section:
            yield from _flatten(value, known, f"{key}.")
        else:
            yield key, value


def _command_of(settings: Mapping[str, Any], trainer: TrainerKeys, known: Mapping[str, Any]) -> str:
    """Return the trainer's command that takes most of a config's keys, "" where all take them alike."""
    if trainer.name == "ms-swift":
        return "rlhf" if "rlhf_type" in settings else "sft"
    taken = Counter(
        command for key, _ in _flatten(settings, known) for command in known.get(key, {}).get("of", ())
    )
    return taken.most_common(1)[0][0] if taken else ""


def _judge_key(key: str, trainer: TrainerKeys, known: Mapping[str, Any], command: str) -> SettingFault | None:
    title = f"{trainer.name} {trainer.version}"
    if key in known and key not in trainer.renamed:
        takers = known[key].get("of")
        if command and takers and command not in takers:
            says = f"{key}: {title} accepts it with {' and '.join(takers)} only"
            return SettingFault("command_key", key, says, f"remove it: this file is for {command}")
        return None
    if key in trainer.plugin_keys:
        return None
    if new := trainer.renamed.get(key):
        says = f"{key}: {title} does not accept it" if key not in known else f"{key}: {title} has renamed it"
        return SettingFault("gone_key", key, says, f"write {new}")
    near = _own_name(key, trainer) or nearest(key, known, 0.75)
    silent = ", and ignores it" if trainer.name == "axolotl" else ""
    cure = f"did you mean {near}?" if near else "remove it"
    return SettingFault("unknown_key", key, f"{key}: {title} has no such key{silent}", cure)


def _own_name(key: str, trainer: TrainerKeys) -> str | None:
    """Return the trainer's name of a key that LLaMA-Factory or another trainer calls so."""
    own = trainer.keys.get(key) or trainer.keys.get(OTHER_NAMES.get(key, ""))
    return own if isinstance(own, str) and own != key else None


def _judge_value(key: str, value: Any, trainer: TrainerKeys, known: Mapping[str, Any]) -> SettingFault | None:
    kind = trainer.values.get(key) or known.get(key, {}).get("kind", "any")
    if value is None or isinstance(value, list | dict) or _is_of_kind(value, kind):
        return None
    choices = [str(choice) for choice in kind if choice is not None] if not isinstance(kind, str) else []
    wanted = (
        f"one of {', '.join(choices)}"
        if choices
        else {"int": "a whole number", "float": "a number"}.get(str(kind), "true or false")
    )
    near = nearest(str(value), choices)
    says = f"{key}: {json.dumps(value, ensure_ascii=False, default=str)} is not {wanted}"
    cure = f"did you mean {near}?" if near else f"write {wanted}"
    return SettingFault("wrong_value", key, says, cure)


def _is_of_kind(value: Any, kind: Any) -> bool:
    if not isinstance(kind, str):
        return str(value) in [str(choice) for choice in kind]
    if kind == "bool":
        return isinstance(value, bool) or str(value).lower() in _BOOLEANS
    if kind not in ("int", "float"):
        return True
    number = not isinstance(value, bool) and is_number(str(value))
    return number and (kind == "float" or float(value).is_integer())


def _judge_hydra(settings: Mapping[str, Any]) -> Iterator[SettingFault]:
    for name in settings.get("defaults") or ():
        if new := _ENGINES.get(str(name)):
            says = f"defaults: verl no longer has the config {name}, nor verl.trainer.fsdp_sft_trainer"
            yield SettingFault(
                "gone_key", "defaults", says, f"write {new}, and start verl.trainer.sft_trainer"
            )


def describe_judgement(trainer: TrainerKeys) -> str:
    """Return the note on how far the verdict on a trainer's file goes."""
    if not read_key_kinds(trainer.name):
        return f"this is a config of {trainer.name}: nothing was checked"
    return (
        f"this is a config of {trainer.name}: keys and types were checked against "
        f"{trainer.version}, combinations were not"
    )
