"""What is said of losses and gradients that are no numbers, or such as no model has."""

import math

import pytest

from lf_qwen3.results.diagnose.training_run import example, points
from lf_qwen3.results.diagnose.verdict_rules import all_verdicts, settle

VERDICTS = {rule.code: rule for rule in all_verdicts()}
FALLING = (2.0, 1.8, 1.6, 1.5, 1.4, 1.3, 1.25, 1.2)


def told(code, run):
    found = VERDICTS[code].evidence(run)
    return "" if found is None else found.text


@pytest.mark.parametrize(
    ("known", "where"),
    [
        pytest.param({"train": (2.0, math.nan, math.nan)}, "loss nan at steps 20, 30", id="nan"),
        pytest.param({"train": (2.0, math.inf)}, "loss inf at step 20", id="infinite"),
        pytest.param({"train": (2.0, 0.0, 0.0)}, "loss 0.0 at steps 20, 30", id="zero-stands-for-nan"),
        pytest.param(
            {"gradient": points((math.nan, 0.0) * 4)}, "nan at steps 10, 30, 50 and", id="skipped-all"
        ),
        pytest.param({"gradient": points([*[1.0] * 7, math.nan])}, "grad_norm nan at step 80", id="the-last"),
        pytest.param({"validation": (1.5, math.nan)}, "eval_loss nan at step 40", id="validation"),
    ],
)
def test_not_a_number_names_the_curve_and_the_steps(known, where):
    assert where in told("not_a_number", example(**known))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(
            {"gradient": points((1.0, math.nan, 1.0))}, ("info", "1 step was skipped"), id="gradient"
        ),
        pytest.param({"train": (2.0, math.nan, *FALLING)}, ("info", "from 2.000 to 1.200"), id="loss"),
        pytest.param({"gradient": points((math.nan, 1.0) * 4)}, ("warning", "4 logged steps"), id="many"),
        pytest.param(
            {"gradient": points([*[1.0] * 7, math.nan]), "settings": {"fp16": True}},
            ("info", "1 step was skipped: step 80"),
            id="the-last-under-fp16",
        ),
    ],
)
def test_a_skipped_step_is_no_damage(known, expected):
    run = example(**known)
    rule, evidence = next(pair for pair in settle(run) if pair[0].code == "skipped_steps")
    assert (evidence.severity or rule.severity) == expected[0]
    assert expected[1] in evidence.text
    assert not told("not_a_number", run)


def test_a_loss_of_zero_is_no_number_per_token_and_the_aim_of_preferences():
    zeros = (0.6, 0.3, *[0.0] * 6)
    assert told("not_a_number", example(train=zeros))
    assert not told("not_a_number", example(train=zeros, settings={"stage": "dpo"}))
    norms = points((1.0, 1.0, *[math.nan] * 6))
    fp16 = {"stage": "dpo", "fp16": True}
    assert told("not_a_number", example(train=zeros, gradient=norms, settings=fp16))


@pytest.mark.parametrize(
    ("losses", "severity"),
    [
        pytest.param((14.0,) * 3, "error", id="throughout"),
        pytest.param((12.0, 11.99, 11.97, 11.95), "error", id="at-the-end-too"),
        pytest.param((14.0, 13.5, 13.0, 5.0, 3.0, 2.0, 2.0, 2.0), "warning", id="came-down"),
        pytest.param((11.97, 11.96, 11.9, 11.8, 11.7), "", id="untrained"),
        pytest.param((2.0, 2.0, 2.0, 30.0, *FALLING), "", id="a-spike"),
    ],
)
def test_a_loss_above_blind_guessing_is_told(losses, severity):
    rule, found = VERDICTS["above_chance"], VERDICTS["above_chance"].evidence(example(train=losses))
    assert (found.severity or rule.severity if found else "") == severity
    assert not told("above_chance", example(train=losses, settings={"stage": "dpo"}))


def test_a_curve_with_nan_breaks_no_verdict():
    broken = example(train=(2.0, *[math.nan] * 9), validation=(1.5, math.nan, math.nan))
    assert "not_a_number" in {code for code, rule in VERDICTS.items() if rule.evidence(broken)}
