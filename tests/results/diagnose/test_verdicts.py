import math
import re
from dataclasses import replace
from typing import Any

import pytest

from lf_qwen3.results.diagnose.training_run import Answers, TrainingRun, example, points
from lf_qwen3.results.diagnose.verdict_rules import all_verdicts, settle

VERDICTS = {rule.code: rule for rule in all_verdicts()}
FALLING = (2.0, 1.8, 1.6, 1.5, 1.4, 1.3, 1.25, 1.2)


def told(code, run):
    found = VERDICTS[code].evidence(run)
    return "" if found is None else found.text


@pytest.mark.parametrize("rule", VERDICTS.values(), ids=lambda rule: rule.code)
def test_a_verdict_passes_its_good_example_and_catches_its_bad_one(rule):
    assert rule.evidence(rule.good) is None
    assert rule.evidence(rule.bad).text


def codes(run):
    """Return the codes of all verdicts on a run."""
    return {code for code, rule in VERDICTS.items() if rule.evidence(run)}


ONE_POINT = {"validation": {"loss": points([1.0])}, "learning_rate": points([0.0]), "gradient": points([0.0])}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param({}, set(), id="nothing"),
        pytest.param({"has_weights": False}, {"no_weights"}, id="no-weights"),
        pytest.param({"has_weights": False, "is_finished": False}, set(), id="no-weights-yet"),
        pytest.param({"train": points([1.0])} | ONE_POINT, {"too_short"}, id="one-value"),
        pytest.param({"train": points([1.0])}, {"no_validation", "too_short"}, id="one-loss"),
        pytest.param(
            {"train": points([math.nan])} | ONE_POINT,
            {"not_a_number", "too_short"},
            id="one-value-that-is-no-number",
        ),
        pytest.param({"step": 10, "total": 30}, {"stopped_short"}, id="steps-alone"),
        pytest.param({"step": 10, "total": 30, "is_finished": False}, set(), id="going-on"),
    ],
)
def test_little_is_known_of_a_run(known, expected, tmp_path):
    assert codes(TrainingRun(tmp_path, **known)) == expected


def test_good_examples_break_no_other_verdict_by_error_or_warning():
    broken = {
        rule.code: other.code
        for rule in VERDICTS.values()
        for other in VERDICTS.values()
        if (evidence := other.evidence(rule.good)) and (evidence.severity or other.severity) != "info"
    }
    assert not broken


OVERFIT = {"train": (2.0, 1.6, 1.3, 1.1, 0.9, 0.7, 0.5, 0.35), "validation": (1.8, 1.5, 1.6, 1.9)}


def test_overfit_names_the_best_step_and_a_checkpoint_that_is_there():
    text = told("overfit", example(**OVERFIT, checkpoints=(40, 80)))
    assert "1.500 at step 40" in text
    assert "1.900 at step 80" in text
    assert "checkpoint-40, which is still there" in text


@pytest.mark.parametrize(
    ("checkpoints", "what"),
    [
        pytest.param((80,), "is not there any more", id="deleted"),
        pytest.param((), "was never saved", id="never-saved"),
    ],
)
def test_overfit_says_when_the_best_checkpoint_is_gone(checkpoints, what):
    found = VERDICTS["overfit"].evidence(example(**OVERFIT, checkpoints=checkpoints))
    assert f"checkpoint-40 {what}" in found.text
    assert "load_best_model_at_end: true" in found.text
    assert found.severity is None


def test_overfit_is_no_warning_where_the_best_weights_were_put_back():
    state = {"best_model_checkpoint": "run/checkpoint-40"}
    kept = VERDICTS["overfit"].evidence(
        example(**OVERFIT, state=state, settings={"load_best_model_at_end": True})
    )
    lost = VERDICTS["overfit"].evidence(
        example(**OVERFIT, state=state, settings={"load_best_model_at_end": False})
    )
    assert (kept.severity, lost.severity) == ("info", None)


@pytest.mark.parametrize(
    ("train", "validation"),
    [
        pytest.param(FALLING, (1.9, 1.6, 1.5, 1.505), id="noise"),
        pytest.param((1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7), (1.0, 1.2, 1.4, 1.7), id="both-rise"),
        pytest.param(FALLING, (1.9, 1.6, 1.7, 1.5), id="came-down-again"),
    ],
)
def test_no_overfit(train, validation):
    assert not told("overfit", example(train=train, validation=validation))


def test_the_metric_chooses_the_validation_set():
    curves = {"a_loss": points((1.8, 1.5, 1.4, 1.3), 20), "b_loss": points((1.8, 1.5, 1.6, 1.9), 20)}
    first = TrainingRun(example().folder, points(OVERFIT["train"]), curves)
    second = TrainingRun(
        example().folder, points(OVERFIT["train"]), curves, settings={"metric_for_best_model": "eval_b_loss"}
    )
    assert not told("overfit", first)
    assert "step 40" in told("overfit", second)


@pytest.mark.parametrize("stage", ["dpo", "kto", "rm"])
def test_a_low_loss_is_no_matter_for_preferences(stage):
    low = VERDICTS["low_loss"].bad.train
    assert told("low_loss", TrainingRun(example().folder, low))
    assert not told("low_loss", TrainingRun(example().folder, low, settings={"stage": stage}))


def test_no_validation_waits_while_the_run_goes_on():
    going: dict[str, Any] = {"validation": (), "is_finished": False}
    assert told("no_validation", example(**going))
    assert not told("no_validation", example(**going, settings={"eval_strategy": "steps"}))


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


def settled(**known):
    return {rule.code for rule, _ in settle(example(**known))}


def test_what_rests_on_damaged_weights_or_advises_the_opposite_falls():
    dead: dict[str, Any] = {"validation": (), "gradient": points((math.nan, 0.0) * 4)}
    assert {"flat_loss", "no_validation"} <= codes(example(train=(2.0,) * 8, **dead))
    assert settled(train=(2.0,) * 8, **dead) == {"not_a_number"}
    zeros = (1.8, *[0.0] * 11)
    assert {"low_loss", "no_validation"} <= codes(example(train=zeros, validation=()))
    assert settled(train=zeros, validation=()) == {"not_a_number"}
    low: dict[str, Any] = {"train": VERDICTS["low_loss"].bad.train, "validation": (1.9, 1.7, 1.55, 1.42)}
    low["train"] = tuple(point.value for point in low["train"])
    assert codes(example(**low)) == {"low_loss", "still_learning"}
    assert settled(**low) == {"low_loss"}


def test_no_two_verdicts_of_any_two_bad_runs_advise_opposite_things():
    fields = (
        "train",
        "validation",
        "learning_rate",
        "gradient",
        "settings",
        "state",
        "answers",
        "is_finished",
    )
    clashes = []
    for first in VERDICTS.values():
        for second in VERDICTS.values():
            for name in fields:
                mixed = replace(first.bad, **{name: getattr(second.bad, name)})
                turns: dict[str, set[str]] = {}
                for rule, _ in settle(mixed):
                    for setting, turn in rule.turns.items():
                        turns.setdefault(setting, set()).add(turn)
                clashes += [(first.code, second.code, name) for ways in turns.values() if len(ways) > 1]
    assert clashes == []


TURNED = {
    "up": r"(?:higher|more|raise) (?:early_stopping_steps or )?(?:rows or )?({})",
    "down": r"(?:lower|fewer|[0-9a-z ]+ times lower|shorter) ({})|({})[a-z ]* (?:three to ten times )?lower",
}


def test_the_advice_turns_what_the_verdict_says_that_it_turns():
    wrong = {}
    for rule in VERDICTS.values():
        for setting, turn in (
            ("epochs", "up"),
            ("epochs", "down"),
            ("learning_rate", "up"),
            ("learning_rate", "down"),
        ):
            says = bool(re.search(TURNED[turn].format(setting, setting), rule.advice))
            if says != (rule.turns.get(setting) == turn) and rule.code != "too_short":
                wrong[rule.code, setting] = turn
    assert wrong == {}


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
            "take predict_with_generate out",
            id="generate",
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


@pytest.mark.parametrize(
    ("losses", "severity"),
    [
        pytest.param((14.0,) * 3, "error", id="throughout"),
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
    assert "not_a_number" in codes(broken)


def test_flat_names_the_learning_rate():
    flat = example(train=(2.0,) * 10, validation=(), rate=(1e-9,) * 10)
    assert "1.0e-09" in told("flat_loss", flat)


def test_a_gradient_of_zero_is_flat_however_short_the_run():
    short = example(train=(2.0, 2.0, 2.0), gradient=points((0.0, 0.0, 0.0)))
    assert "grad_norm is 0" in told("flat_loss", short)


def test_spikes_are_located():
    found = VERDICTS["spikes"].evidence(VERDICTS["spikes"].bad)
    assert found.figures["steps"] == [80]


def test_a_noisy_curve_has_no_spikes():
    noisy = [2.0 + 0.3 * (-1) ** number - 0.02 * number for number in range(30)]
    assert not told("spikes", example(train=noisy))


def test_a_learning_rate_of_zero_throughout_is_told():
    assert "0 at 8 of 8" in told("no_learning_rate", example(rate=(0.0,) * 8))


def test_early_stop_and_stopping_short_exclude_each_other():
    early = VERDICTS["early_stop"].bad
    assert "2 validations" in told("early_stop", early)
    assert "the lowest was 1.600 at step 40" in told("early_stop", early)
    assert not told("stopped_short", early)
    assert not told("early_stop", VERDICTS["stopped_short"].bad)


def test_a_run_that_goes_on_has_not_stopped_short():
    assert not told("stopped_short", example(total=200, is_finished=False))


@pytest.mark.parametrize(
    ("token", "is_told"),
    [
        pytest.param("<|im_end|>", False, id="text"),
        pytest.param({"content": "<|im_end|>"}, False, id="object"),
        pytest.param({"content": "<|endoftext|>"}, True, id="object-of-another"),
        pytest.param(None, False, id="null"),
    ],
)
def test_the_end_token_may_be_text_or_an_object(token, is_told):
    assert bool(told("eos_token", example(tokenizer={"eos_token": token}))) is is_told


def test_pre_training_ends_its_texts_otherwise():
    run = example(tokenizer={"eos_token": "<|endoftext|>"}, settings={"stage": "pt"})
    assert not told("eos_token", run)


def test_a_base_model_in_a_folder_is_known_by_its_name():
    adapter = {"base_model_name_or_path": "/models/Qwen3-8B-Base/", "modules_to_save": None}
    assert "Qwen3-8B-Base" in told("base_model_end", example(adapter=adapter))


def test_defects_of_answers_are_told_with_share_and_count(tmp_path):
    answers = Answers(tmp_path / "p.jsonl", 40, {"repetition": 0.25, "cut": 0.02})
    run = example(answers=answers)
    assert told("answers_repeat", run) == f"25% of 40 answers in {tmp_path / 'p.jsonl'}"
    assert not told("answers_cut", run)
