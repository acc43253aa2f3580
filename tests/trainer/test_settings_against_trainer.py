"""The judge of settings and the trainer's own parsers give one verdict: no miss, no false alarm.

One import of the trainer for the whole table. Each line of `REFUSED` breaks a rule and each of `TAKEN` is its
sound neighbour; `BASE` is added to both. Datasets are not looked up: they are no part of the settings.
"""

import json
import os
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from lf_qwen3.recipes import list_derived, list_shipped
from lf_qwen3.recipes.presets import list_presets
from lf_qwen3.trainer import ask_child, yaml_reader
from lf_qwen3.trainer.settings import judge, kinds
from lf_qwen3.trainer.settings.shared_rules import ANSWERING, SHARED
from lf_qwen3.trainer.settings.training_rules import TRAINING
from lf_qwen3.trainer.yaml_reader import YamlReading
from tests.trainer.settings_to_judge import (
    ANSWERING_REFUSED,
    ANSWERING_TAKEN,
    BASE,
    CHAT,
    EXPORT,
    REFUSED,
    TAKEN,
)

pytestmark = pytest.mark.llamafactory


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Return a function that gives the errors of the judge, and the trainer's refusal, for some settings."""
    parser = pytest.importorskip("llamafactory.hparams.parser")
    argument_parser = cache(parser.HfArgumentParser)  # to make it takes longer than to parse
    monkeypatch.setattr(parser, "HfArgumentParser", lambda types: argument_parser(_hashable(types)))
    monkeypatch.setattr(ask_child, "_look_up_datasets", lambda data, stood_in: None)
    monkeypatch.chdir(tmp_path)
    for stage in (2, 3):
        config = f'{{"train_micro_batch_size_per_gpu": "auto", "zero_optimization": {{"stage": {stage}}}}}'
        Path(f"z{stage}.json").write_text(config)

    def both(settings):
        command = kinds.detect_command(YamlReading(Path("some.yaml"), settings, {}))
        return judge_errors(settings), ask_child.ask(settings, command, {})

    return both


def _hashable(types):
    return tuple(types) if isinstance(types, list) else types


def judge_errors(settings):
    reading = YamlReading(Path("some.yaml"), settings, {})
    faults = judge.judge_settings(reading, kinds.detect_dialect(reading), kinds.detect_command(reading))
    return [fault for fault in faults if fault.severity == "error"]


def parse(line):
    """Return the settings of one line; a later key wins."""
    start = next(start for start in (BASE, CHAT, EXPORT) if line.startswith(start))
    return yaml_reader.parse(f"{{{start}}}") | yaml_reader.parse(f"{{{line.removeprefix(start)}}}")


def test_what_the_trainer_refuses_is_an_error_in_its_words(ask):
    wrong, said = [], []
    for line in [*(BASE + line for line in REFUSED), *ANSWERING_REFUSED]:
        errors, refusal = ask(parse(line))
        rule = judge.rule_of(refusal)
        said.append(rule)
        is_told = rule is None or any(rule.is_said_by(error.message) for error in errors)
        if not errors or not refusal or not is_told:
            wrong.append((line, refusal, [error.message for error in errors]))
    assert wrong == []
    assert [rule.says for rule in (*SHARED, *TRAINING, *ANSWERING) if rule not in said] == []


def test_what_the_trainer_takes_is_no_error(ask):
    wrong = []
    for line in ["", *TAKEN, *ANSWERING_TAKEN]:
        errors, refusal = ask(parse(line if line in ANSWERING_TAKEN else BASE + line))
        if errors or refusal:
            wrong.append((line, refusal, [error.message for error in errors]))
    assert wrong == []


def test_what_this_machine_lacks_is_stood_in_for_and_named(ask):
    stood_in = {}
    line = "enable_liger_kernel: true, use_unsloth: true, deepspeed: z2.json, bf16: true"
    assert ask_child.ask(parse(BASE + line), "train", stood_in) == ""
    names = [
        "the package deepspeed",
        "the package unsloth",
        "the package liger-kernel",
        "the launch by torchrun",
        "a GPU that computes in bf16",
    ]
    here = [name for name in names if name not in stood_in]
    packages = [name.split()[-1] for name in here if "package" in name]
    assert all(find_spec(package.replace("-", "_")) for package in packages)
    assert "the launch by torchrun" in stood_in


def test_a_deepspeed_file_that_is_not_there_is_refused(ask):
    assert "Received: gone.json" in ask(parse(BASE + "deepspeed: gone.json"))[1]


def test_the_script_reads_the_file_as_the_trainer_does(ask, tmp_path, monkeypatch, capfd):
    (tmp_path / "train.yaml").write_text("model_name_or_path: a/b\ndo_train: true\n")
    monkeypatch.setattr(sys, "argv", ["ask_child.py", "train.yaml", "train", "learning_rate=1e-4"])
    saved = os.dup(1)
    try:
        ask_child.main()
    finally:
        os.dup2(saved, 1)
        os.close(saved)
    answer = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert answer == {"refusal": "ValueError: Please specify dataset for training.", "stood_in": []}


def test_recipes_and_presets_are_no_error():
    """The trainer takes them too: tests/recipes/test_recipes_with_trainer.py."""
    method = next(recipe for recipe in list_shipped() if recipe.name == "lora-sft")
    all_settings = [recipe.settings for recipe in (*list_shipped(), *list_derived()[::9])]
    all_settings += [method.settings | preset.train for preset in list_presets()]
    errors = [fault for settings in all_settings for fault in judge_errors(settings)]
    assert errors == []
