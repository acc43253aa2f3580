"""What counts as kept, as lost, and as too little to judge."""

import math

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.gguf import limits
from lf_qwen3.results.gguf.likelihood import mean_kl
from lf_qwen3.results.gguf.limits import Estimate

BASE = [-100.0, -90.0, -120.0, -80.0]
TUNED = [-10.0, -9.0, -12.0, -8.0]


def between(share):
    return [base + share * (tuned - base) for base, tuned in zip(BASE, TUNED, strict=True)]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_kept_is_where_a_model_stands_between_base_and_tuned(share):
    kept = limits.estimate_kept(between(share), TUNED, BASE)
    assert kept == pytest.approx((share, share, share))


def test_rows_that_differ_widen_the_interval_and_the_seed_is_fixed():
    uneven = [*between(1.0)[:2], *between(0.5)[2:]]
    kept = limits.estimate_kept(uneven, TUNED, BASE)
    assert kept.low < kept.value < kept.high
    assert kept == limits.estimate_kept(uneven, TUNED, BASE)


def test_a_tuning_without_effect_is_said_and_nothing_is_divided():
    gain = limits.estimate_gain(BASE, BASE, [10] * 4)
    assert tuple(gain) == (0, 0, 0)
    with pytest.raises(LfQwen3Error) as caught:
        limits.require_effect(gain, 0.5)
    assert caught.value.code == "tuning_without_effect"


@pytest.mark.parametrize(
    ("gain", "kl", "has_effect"),
    [
        (Estimate(2, 1, 3), 0.5, True),
        (Estimate(2, 1, 3), 1e-4, False),
        (Estimate(2, -0.1, 3), 0.5, False),
        (Estimate(-2, -3, -1), 0.5, False),
    ],
)
def test_an_effect_is_a_gain_beyond_its_interval_and_a_distance(gain, kl, has_effect):
    if has_effect:
        limits.require_effect(gain, kl)
        return
    with pytest.raises(LfQwen3Error):
        limits.require_effect(gain, kl)


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("Q4_K_M", "--quant Q5_K_M"),
        ("Q5_K_M", "--quant Q8_0"),
        ("Q8_0", "F16 file"),
        ("Q2_K", "--quant Q4_K_M"),
    ],
)
def test_a_loss_names_the_larger_type_to_take(kind, advice):
    with pytest.raises(LfQwen3Error) as caught:
        limits.require_kept("the file", kind, Estimate(0.5, 0.45, 0.55), 0.9, "quantisation_lost_tuning")
    assert advice in caught.value.hint


def test_a_limit_is_said_as_it_was_set():
    with pytest.raises(LfQwen3Error) as caught:
        limits.require_kept("the file", "Q8_0", Estimate(0.998, 0.997, 0.999), 0.999, "f16_not_tuned")
    assert "99.9%" in caught.value.message


def test_too_few_rows_cannot_be_judged():
    with pytest.raises(LfQwen3Error) as caught:
        limits.require_kept("the file", "Q4_K_M", Estimate(0.95, 0.8, 1.1), 0.9, "quantisation_lost_tuning")
    assert caught.value.code == "too_few_rows"


def test_what_is_not_a_number_is_never_kept():
    kept = limits.estimate_kept([math.nan, *between(1.0)[1:]], TUNED, BASE)
    with pytest.raises(LfQwen3Error):
        limits.require_kept("the file", "Q8_0", kept, 0.0, "quantisation_lost_tuning")
    with pytest.raises(LfQwen3Error):
        limits.require_same("the file", math.nan, "f16_not_tuned")


def test_ones_own_limit_wins_and_a_type_without_one_needs_it():
    assert limits.choose_limit("Q4_K_M", None) == 0.9
    assert limits.choose_limit("Q4_K_M", 0.5) == 0.5
    assert limits.choose_limit("Q2_K", 0.5) == 0.5
    with pytest.raises(LfQwen3Error) as caught:
        limits.choose_limit("Q2_K", None)
    assert caught.value.code == "option_missing"


def logs(**shares):
    return {ord(name): math.log(share) for name, share in shares.items()}


def test_kl_is_that_of_the_likeliest_and_of_the_rest_as_one():
    tuned, other = logs(a=0.5, b=0.25), logs(a=0.25, b=0.25)
    wanted = 0.5 * math.log(2) + 0.25 * math.log(0.25 / 0.5)
    assert mean_kl([[tuned]], [[other]]) == pytest.approx(wanted)
    assert mean_kl([[tuned]], [[tuned]]) == pytest.approx(0)
    assert mean_kl([[tuned, tuned]], [[other, tuned]]) == pytest.approx(wanted / 2)


def test_a_token_that_the_other_does_not_state_counts_among_the_rest():
    assert mean_kl([[logs(a=0.5, b=0.25)]], [[logs(a=0.5)]]) == pytest.approx(0)
