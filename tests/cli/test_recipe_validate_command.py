"""`lf-qwen3 recipe validate` as it is typed: what is printed where, and the exit codes."""

import json
from functools import partial
from pathlib import Path

import pytest

BAD = "model_name_or_path: Qwen/Qwen3-4B\nlearning_rat: 1e-4\neval_strategy: no\n"


@pytest.fixture
def lf(lf, tmp_path, monkeypatch):
    """Return a function that runs `recipe validate` and gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    return partial(lf, "recipe", "validate")


def test_each_fault_is_told_with_its_line(lf):
    Path("bad.yaml").write_text(BAD)
    code, out, err = lf("bad.yaml")
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "bad.yaml:2: unknown_key learning_rat: LLaMA-Factory 0.9.5 has no such key",
        "  hint: did you mean learning_rate?",
        'bad.yaml:3: wrong_value eval_strategy: false is not one of "no", "steps", "epoch"',
        '  hint: YAML reads no as false and yes as true: write eval_strategy: "no" with the quotes',
        "2 errors in bad.yaml, 3 settings",
    ]


def test_faults_as_json(lf):
    Path("bad.yaml").write_text(BAD)
    code, out, _ = lf("bad.yaml", "--json")
    report = json.loads(out)
    assert (code, report["valid"], report["dialect"]) == (1, False, "train")
    assert [(one["code"], one["severity"], one["file"], one["row"]) for one in report["findings"]] == [
        ("unknown_key", "error", "bad.yaml", 2),
        ("wrong_value", "error", "bad.yaml", 3),
    ]


def test_a_good_file(lf):
    Path("good.yaml").write_text("model_name_or_path: Qwen/Qwen3-4B\nlearning_rate: 1e-4\n")
    assert lf("good.yaml") == (0, "valid: good.yaml, 2 settings\n", "")


def test_a_file_of_another_tool_is_no_fault(lf):
    Path("fsdp.yaml").write_text("compute_environment: LOCAL_MACHINE\ndistributed_type: FSDP\n")
    code, _, err = lf("fsdp.yaml")
    assert (code, err.startswith("note: this is a configuration of Accelerate")) == (0, True)


@pytest.mark.parametrize("name", ["nowhere.yaml", "."], ids=["missing", "a folder"])
def test_a_path_that_is_no_file_is_a_usage_error(lf, name):
    code, out, err = lf(name)
    assert (code, out) == (2, "")
    assert "name a training YAML" in err
