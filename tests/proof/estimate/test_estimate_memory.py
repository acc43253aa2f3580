"""The formula without torch: what must hold between its figures, the cards, the changes that are advised."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base.errors import UsageError
from lf_qwen3.proof.estimate import (
    CARDS,
    TrainingPlan,
    estimate_memory,
    list_caveats,
    smallest_card,
    suggest_changes,
)
from lf_qwen3.proof.estimate.memory import PARTS
from lf_qwen3.proof.estimate.plan import find_shape
from lf_qwen3.proof.estimate.weights import bytes_quantised, gradients, optimiser, trained, weights
from lf_qwen3.qwen3.architecture import SHAPES, VOCABULARY

PLANS = st.builds(
    TrainingPlan.named,
    st.sampled_from([f"Qwen3-{size}" for size in SHAPES]),
    method=st.sampled_from(["lora", "qlora", "full"]),
    cutoff_len=st.integers(8, 40_960),
    batch=st.integers(1, 8),
    rank=st.integers(1, 128),
    checkpointing=st.booleans(),
    accumulates=st.booleans(),
    dropout=st.booleans(),
)
GB = 10**9


@given(PLANS)
def test_parts_are_the_total(plan):
    memory = estimate_memory(plan)
    assert memory.total == sum(getattr(memory, part) for part in PARTS)
    assert all(getattr(memory, part) >= 0 for part in PARTS)
    assert memory.total > 2 * plan.shape.parameters * (0.2 if plan.method == "qlora" else 1)


@given(PLANS, st.sampled_from(["cutoff_len", "batch"]))
def test_more_tokens_take_more(plan, key):
    """Where rows are so short that the weights' own gradients make the peak, they take as much."""
    more = dataclasses.replace(plan, **{key: getattr(plan, key) * 2})
    assert estimate_memory(more).total >= estimate_memory(plan).total
    assert estimate_memory(more).total > estimate_memory(plan).total or estimate_memory(plan).moment.endswith(
        ("backward pass", "step")
    )


@given(PLANS)
def test_checkpointing_never_takes_more(plan):
    without = dataclasses.replace(plan, checkpointing=False)
    assert (
        estimate_memory(dataclasses.replace(plan, checkpointing=True)).total <= estimate_memory(without).total
    )


@given(PLANS, st.integers(2, 64))
def test_zero_shares_what_is_trained(plan, gpus):
    one = plan.changed(gpus=gpus, zero=2)
    two = plan.changed(gpus=2 * gpus, zero=2)
    assert abs(optimiser(one) - 2 * optimiser(two)) < 2
    assert weights(one) == weights(two)
    assert abs(weights(plan.changed(gpus=gpus, zero=3)) * gpus - weights(one)) <= gpus


def test_bytes_of_full_training_are_those_of_mixed_precision():
    """Source: Rajbhandari et al. 2020, ZeRO, section 3."""
    plan = TrainingPlan.named("Qwen3-8B", method="full")
    assert weights(plan) + gradients(plan) + optimiser(plan) == 16 * plan.shape.parameters
    sharded = plan.changed(gpus=8, zero=3)
    assert (weights(sharded) + gradients(sharded) + optimiser(sharded)) * 8 == pytest.approx(
        16 * plan.shape.parameters, rel=1e-6
    )


def test_constants_of_double_quantisation():
    """Dettmers et al. 2023, QLoRA, section 3: 0.5 bits a parameter without, 0.127 with it."""
    assert (bytes_quantised(4, False) - 0.5) * 8 == pytest.approx(0.5)
    assert (bytes_quantised(4, True) - 0.5) * 8 == pytest.approx(0.127, abs=0.0005)


def test_lora_trains_two_matrices_a_layer():
    plan = TrainingPlan.named("Qwen3-0.6B", rank=4, targets=("q_proj", "down_proj"))
    assert trained(plan) == 28 * 4 * ((1024 + 2048) + (3072 + 1024))


@pytest.mark.parametrize(
    ("model", "options", "low", "high"),
    [
        ("Qwen3-1.7B", {"method": "full"}, 32, 32),
        ("Qwen3-8B", {"method": "lora"}, 22, 22),
        ("Qwen3-14B", {"method": "lora"}, 24, 32),
    ],
    ids=["1.7B full", "8B lora", "14B lora"],
)
def test_published_figures(model, options, low, high):
    """Source of the bars: what people publish for 2,048 tokens, in GB; see docs/estimate.md."""
    total = estimate_memory(TrainingPlan.named(model, cutoff_len=2048, batch=1, **options)).total / GB
    assert low * 0.85 < total < high * 1.15


def test_published_figure_of_packed_experts_is_not_that_of_this_trainer():
    plan = TrainingPlan.named("Qwen3-30B-A3B", method="qlora")
    everything = plan.shape.parameters * bytes_quantised(4, True) / GB
    assert everything == pytest.approx(17.5, rel=0.15), "17.5 GB is the model with its experts packed"
    assert weights(plan) / GB > 3 * everything, "transformers 5 leaves them in 16 bits"
    assert "experts stay in 16 bits" in list_caveats(plan)[0]


@given(st.integers(0, 250 << 30))
def test_the_smallest_card(size):
    card = smallest_card(size)
    larger = [other for other in CARDS if other.usable * 0.92 >= size]
    assert card == (larger[0] if larger else None)


@given(PLANS)
def test_every_change_brings_a_smaller_card(plan):
    now = smallest_card(estimate_memory(plan).total)
    for change in suggest_changes(plan):
        assert change.total <= 0.92 * change.card.usable
        assert now is None or change.card.size < now.size


def test_changes_say_what_to_write():
    words = [
        one.settings for one in suggest_changes(TrainingPlan.named("Qwen3-8B", batch=4, cutoff_len=4096))
    ]
    assert "enable_liger_kernel: true" in words
    assert "cutoff_len: 2048" in words


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("Qwen3-8B", "8B"),
        ("qwen/qwen3-8b", "8B"),
        ("Qwen/Qwen3-0.6B-Base", "0.6B"),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", "30B-A3B"),
        ("cache/models--Qwen--Qwen3-4B/snapshots/abc", "4B"),
        ("Qwen/Qwen3-0___6B", "0.6B"),
    ],
)
def test_a_model_by_its_name(name, size):
    assert find_shape(name) == SHAPES[size]


def test_an_unknown_model_names_the_nearest():
    with pytest.raises(UsageError) as raised:
        find_shape("Qwen3-7B")
    assert raised.value.code == "unknown_model"
    assert "did you mean Qwen3-" in raised.value.hint


def test_a_config_gives_the_shape(tmp_path):
    shape = SHAPES["30B-A3B"]
    config = (
        f'{{"model_type": "qwen3_moe", "vocab_size": {VOCABULARY}, "num_hidden_layers": {shape.layers}, '
        f'"hidden_size": {shape.hidden}, "num_attention_heads": {shape.heads}, "head_dim": 128, '
        f'"num_key_value_heads": {shape.kv_heads}, "intermediate_size": 6144, '
        f'"moe_intermediate_size": {shape.intermediate}, "num_experts": 128, "num_experts_per_tok": 8}}'
    )
    (tmp_path / "config.json").write_text(config, "utf-8")
    assert find_shape(str(tmp_path)) == shape
    (tmp_path / "config.json").write_text(config.replace("qwen3_moe", "llama"), "utf-8")
    with pytest.raises(UsageError, match="is a llama") as error:
        find_shape(str(tmp_path))
    assert error.value.code == "unknown_model"
    (tmp_path / "config.json").write_text("{}", "utf-8")
    with pytest.raises(UsageError, match="does not hold") as error:
        find_shape(str(tmp_path))
    assert error.value.code == "unknown_model"
