"""Asking the trainer: what its answer adds to the judge's faults, and what a silent trainer is told as.

A script stands in for `ask_child` where only the process matters; the parsers themselves are asked in
test_settings_against_trainer.py.
"""

import pytest

from lf_qwen3.proof.validate import validate
from lf_qwen3.trainer import ask, ask_child
from lf_qwen3.trainer.ask import TrainerAnswer, TrainerQuestion
from lf_qwen3.trainer.settings.answered import add_answer
from lf_qwen3.trainer.settings.judge import REFUSED, SettingFault

SAYS = "import json, os\nos.write(1, json.dumps({'refusal': %r, 'stood_in': %r}).encode())\n"
YAML = "model_name_or_path: a/b\ndo_train: true\ndataset: a\noutput_dir: out\n"


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Return a function that lets a script stand in for the process that asks the trainer."""

    def stand_in(script):
        path = tmp_path / "child.py"
        path.write_text(script)
        monkeypatch.setattr(ask_child, "__file__", str(path))
        monkeypatch.setattr(ask, "_reason_not_to_ask", lambda dialect: "")

    return stand_in


@pytest.fixture
def strict(tmp_path):
    """Return a function that validates a text and asks the trainer."""

    def run(text=YAML):
        path = tmp_path / "some.yaml"
        path.write_text(text)
        return validate(path, strict=True)

    return run


def test_a_refusal_that_no_rule_knows_is_an_error_at_its_key(child, strict):
    child(SAYS % ("ValueError: `output_dir` is cursed.", []))
    report = strict()
    assert [(one.code, one.row, one.message) for one in report.findings] == [
        (REFUSED, 4, "output_dir: `output_dir` is cursed.")
    ]
    assert not report.is_valid


def test_what_was_stood_in_for_is_named(child, strict):
    child(SAYS % ("", ["a GPU", "the package deepspeed"]))
    report = strict()
    assert report.findings == []
    assert "a GPU, the package deepspeed" in report.notes[0]
    assert report.as_json()["trainer"]["stood_in"] == ["a GPU", "the package deepspeed"]


def test_what_judge_and_trainer_say_is_one_finding(child, strict):
    child(SAYS % ("ValueError: Please specify dataset for training.", []))
    assert [one.code for one in strict(YAML.replace("dataset: a\n", "")).findings] == [REFUSED]


def test_the_trainer_has_the_last_word_on_its_own_rules(child, strict):
    child(SAYS % ("", []))
    report = strict(YAML + "some_new_key: 1\nuse_galore: true\nlora_rank: 8.0\n")
    assert [one.key for one in report.findings] == ["lora_rank"]


@pytest.mark.parametrize(
    ("script", "note"),
    [
        ("raise ImportError('transformers is broken')", "transformers is broken"),
        ("raise SystemExit(3)", "stopped before it had read the file"),
        ("import time\ntime.sleep(60)", "no answer within 0.2 seconds"),
    ],
    ids=["crash", "silent end", "hangs"],
)
def test_a_trainer_that_says_nothing_is_a_note(child, strict, monkeypatch, script, note):
    monkeypatch.setattr(ask, "SECONDS", 0.2 if "sleep" in script else 60)
    child(script)
    report = strict()
    assert (report.trainer.is_asked, report.is_valid) == (False, True)
    assert note in report.notes[0]
    assert "not asked" in report.notes[0]


def test_without_the_trainer_that_is_a_note(strict, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "LLaMA-Factory is not installed" in strict().notes[-1]


def test_a_file_of_another_tool_is_not_asked_about(strict):
    assert "do not read such a file" in strict("compute_environment: LOCAL_MACHINE\n").notes[-1]


def test_the_process_ends_with_its_context(child, tmp_path):
    child("import time\ntime.sleep(60)")
    with TrainerQuestion(tmp_path / "some.yaml", "train", "train") as question:
        process = question._child
        assert process.poll() is None
    assert process.poll() is not None


@pytest.mark.parametrize(
    ("refusal", "settings", "key", "cure"),
    [
        (
            "ValueError: Undefined dataset b in dataset_info.json.",
            {"dataset": "a,b"},
            "dataset",
            "register b",
        ),
        ("ValueError: Undefined dataset v in dataset_info.json.", {"eval_dataset": "v"}, "eval_dataset", "v"),
        ("ValueError: Cannot open data/dataset_info.json due to x.", {}, "dataset_dir", "set dataset_dir"),
        (
            "ValueError: Expected a string path to an existing deepspeed config, or a dictionary, or a "
            "base64 encoded string. Received: ds.json",
            {"deepspeed": "ds.json"},
            "deepspeed",
            "put ds.json there",
        ),
        ("ValueError: Output directory already exists and is not empty.", {}, "output_dir", "overwrite"),
        (
            "ValueError: Some keys are not used by the HfArgumentParser: ['lr']",
            {"lr": 1},
            "lr",
            "learning_rate",
        ),
        ("ValueError: None is not a valid SaveStrategy", {"save_strategy": "x"}, "", "correct the setting"),
        ("FileNotFoundError: No such file or directory: '/t.yaml'", {"a": "/t.yaml"}, "a", "put /t.yaml"),
    ],
)
def test_a_refusal_has_its_key_and_a_cure(refusal, settings, key, cure):
    (fault,) = add_answer([], TrainerAnswer(True, refusal), settings)
    assert (fault.key, fault.severity) == (key, "error")
    assert cure in fault.cure


def test_a_value_that_the_judge_names_is_not_named_twice():
    fault = SettingFault("wrong_value", "eval_strategy", "eval_strategy: false is not one of", "quote it")
    answer = TrainerAnswer(True, "ValueError: False is not a valid IntervalStrategy")
    assert add_answer([fault], answer, {"eval_strategy": False}) == [fault]
    other = TrainerAnswer(True, "TypeError: '<' not supported between instances of 'str' and 'int'")
    assert add_answer([fault], other, {"eval_strategy": False}) == [fault]
