"""Join what the judge found with what the trainer said: one finding for what both say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from lf_qwen3.trainer import schema
from lf_qwen3.trainer.ask import TrainerAnswer
from lf_qwen3.trainer.settings.judge import REFUSED, SettingFault, rule_of
from lf_qwen3.trainer.settings.names import suggest_key


class _Saying(NamedTuple):
    """A message about files and values; `{0}` in the cure is the pattern's group."""

    pattern: str
    key: str
    cure: str
    check: str = ""


_SAYINGS = (
    _Saying(
        r"Undefined dataset (\S+) in",
        "dataset",
        "correct the name, or register it: lf-qwen3 register {0} FILE --dataset-dir DIR",
        "dataset_unregistered",
    ),
    _Saying(
        r"Cannot open (\S+) due to",
        "dataset_dir",
        "set dataset_dir to the folder that holds dataset_info.json; a relative path counts "
        "from the folder where you start the trainer",
        "dataset_dir_missing",
    ),
    _Saying(
        r"existing deepspeed config.* Received: (.+)",
        "deepspeed",
        "put {0} there; a relative path counts from the folder where you start the trainer",
    ),
    _Saying(
        r"Output directory already exists",
        "output_dir",
        "name another output_dir, or set overwrite_output_dir: true",
    ),
    _Saying(r"No such file or directory: '(.+)'", "", "put {0} there, or correct the path"),
    _Saying(  # of LLaMA-Factory 0.9.5 itself, on its way to say so
        r"no attribute 'error_rank0'",
        "new_special_tokens_config",
        "name an existing YAML of tokens and their descriptions",
    ),
    _Saying(r"Please specify `export_dir`", "export_dir", "set export_dir to a new folder"),
)
_PARSED = (REFUSED, "unknown_key", "gone_key", "version_key", "command_key", "no_model")


def add_answer(
    faults: list[SettingFault], answer: TrainerAnswer, settings: Mapping[str, Any]
) -> list[SettingFault]:
    """Return the faults of the judge and the trainer's refusal, where it says something else.

    What the judge expects the parsers to refuse is dropped where they take the file: theirs is the last word.
    """
    if not answer.is_asked:
        return faults
    if not answer.refusal:
        return [fault for fault in faults if fault.code not in _PARSED]
    errors = [fault for fault in faults if fault.severity == "error"]
    return [*faults, *_new_faults(answer.refusal, errors, settings)]


def _new_faults(refusal: str, errors: list[SettingFault], settings: Mapping[str, Any]) -> list[SettingFault]:
    named = {fault.key for fault in errors}
    if unused := re.search(r"not used by the HfArgumentParser: \[(.*)\]", refusal):
        keys = re.findall(r"'([^']+)'", unused[1])
        return [_unused_key(key) for key in keys if key not in named]
    fault = _explain(refusal, settings)
    kind = refusal.partition(":")[0]
    shows_value = any(str(settings.get(key)) in refusal for key in named if settings.get(key) is not None)
    is_by_type = kind != "ValueError" and any(error.code == "wrong_value" for error in errors)
    is_known = fault.key in named or (not fault.key and (shows_value or is_by_type))
    return [] if is_known else [fault]


def _explain(refusal: str, settings: Mapping[str, Any]) -> SettingFault:
    """Return the trainer's words as a fault, with the key they are about and our cure."""
    kind, _, said = refusal.partition(": ")
    said = " ".join((said if kind == "ValueError" else refusal).split())
    if rule := rule_of(said):
        key = rule.key_in(settings)
        return SettingFault(REFUSED, key, f"{key}: {said}", rule.cure, check=rule.check)
    for saying in _SAYINGS:
        if match := re.search(saying.pattern, said):
            key = saying.key or _key_in(said, settings)
            if saying.key == "dataset" and match[1] in str(settings.get("eval_dataset")):
                key = "eval_dataset"
            cure = saying.cure.format(*match.groups())
            return SettingFault(REFUSED, key, f"{key}: {said}", cure, check=saying.check)
    key = _key_in(said, settings)
    cure = "the trainer stops with this message seconds after its start; correct the setting that it names"
    return SettingFault(REFUSED, key, f"{key}: {said}" if key else said, cure)


def _key_in(said: str, settings: Mapping[str, Any]) -> str:
    """Return the key that a message names, or whose value it shows; "" where it does neither."""
    words = re.findall(r"\w+", said)
    if named := next((key for key in settings if key in words), ""):
        return named
    texts = {str(value): key for key, value in settings.items() if isinstance(value, str | bool)}
    return next((key for text, key in texts.items() if len(text) > 2 and text in said), "")


def _unused_key(key: str) -> SettingFault:
    cure = suggest_key(key, schema.load()["properties"]) or "remove it"
    return SettingFault("unknown_key", key, f"{key}: the installed trainer has no such key", cure)
