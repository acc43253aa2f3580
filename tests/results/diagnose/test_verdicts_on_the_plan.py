"""What is said of settings that do not fit the number of steps."""

from dataclasses import replace
from typing import Any

import pytest

from lf_qwen3.results.diagnose.training_run import example, points
from lf_qwen3.results.diagnose.verdict_rules import all_verdicts

VERDICTS = {rule.code: rule for rule in all_verdicts()}
FALLING = (2.0, 1.8, 1.6, 1.5, 1.4, 1.3, 1.25, 1.2)


def told(code, run):
    found = VERDICTS[code].evidence(run)
    return "" if found is None else found.text


def test_no_validation_waits_while_the_run_goes_on():
    going: dict[str, Any] = {"validation": (), "is_finished": False}
    assert told("no_validation", example(**going))
    assert not told("no_validation", example(**going, settings={"eval_strategy": "steps"}))


BEYOND = {"eval_dataset": "a_val", "eval_strategy": "steps", "eval_steps": 500}


@pytest.mark.parametrize(
    ("settings", "evidence", "advice"),
    [
        pytest.param({}, "80 steps, no eval_loss", "convert with --val", id="nothing"),
        pytest.param(BEYOND, "eval_steps is 500, the run had 80 steps", "eval_steps: 0.1", id="beyond"),
        pytest.param(
            BEYOND | {"eval_steps": 9, "eval_delay": 99}, "eval_delay is 99", "eval_steps", id="delay"
        ),
        pytest.param(
            {"val_size": 0.1}, "val_size is set, eval_strategy is not", "eval_strategy:", id="no-plan"
        ),
        pytest.param(BEYOND | {"eval_strategy": "epoch"}, "within its first epoch", "steps", id="epoch"),
        pytest.param(
            BEYOND | {"eval_steps": 0.1, "predict_with_generate": True},
            "predict_with_generate measures texts",
            "remove predict_with_generate",
            id="generate",
        ),
        pytest.param(
            BEYOND | {"eval_steps": 0.1},
            "80 of 80 steps logged no eval_loss",
            "trainer's output",
            id="all-set",
        ),
    ],
)
def test_no_validation_names_what_kept_the_run_from_it(settings, evidence, advice):
    found = VERDICTS["no_validation"].evidence(example(validation=(), settings=settings))
    assert evidence in found.text
    assert advice in (found.advice or VERDICTS["no_validation"].advice)
    assert "--val" not in found.advice


def test_an_evaluation_beyond_the_run_is_told_while_it_goes_on():
    assert "the run has 80 steps" in told(
        "no_validation", example(validation=(), is_finished=False, settings=BEYOND)
    )


def test_a_validation_at_the_end_alone_is_one_where_more_were_wanted():
    at_end = replace(example(), validation={"loss": points((1.4,), 80)})
    assert "eval_steps is 500, the run had 80" in told("validated_once", replace(at_end, settings=BEYOND))
    assert not told("validated_once", at_end)
    assert not told("validated_once", replace(at_end, settings=BEYOND | {"eval_steps": 0.5}))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param({"rate": (6e-6, 1.2e-5, 2.4e-5)}, "the rate came to 2.4e-05 at step 30", id="curve"),
        pytest.param(
            {"settings": {"warmup_steps": 500}}, "warmup_steps is 500, the run had 30", id="setting"
        ),
        pytest.param(
            {"rate": (6e-6, 2e-5, 1e-4), "settings": {"learning_rate": 1e-4}}, "", id="at-its-height"
        ),
        pytest.param({"rate": (6e-6, 2e-5, 1e-4), "is_finished": False}, "", id="going-on"),
        pytest.param({"rate": (5e-5, 1e-4, 1e-4)}, "", id="constant"),
        pytest.param({"settings": {"warmup_steps": 0.9}}, "", id="a-share"),
    ],
)
def test_a_warm_up_beyond_the_run_is_told(known, expected):
    text = told("long_warmup", example(train=(2.0, 1.8, 1.6), **known))
    assert expected in text if expected else not text
