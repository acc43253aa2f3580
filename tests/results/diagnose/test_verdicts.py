import math

import pytest

from lf_qwen3.results.diagnose.training_run import Answers, TrainingRun, example, points
from lf_qwen3.results.diagnose.verdict_rules import all_verdicts

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
    assert "checkpoint-40, which still exists" in text


@pytest.mark.parametrize(
    ("checkpoints", "what"),
    [
        pytest.param((80,), "no longer exists", id="deleted"),
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
