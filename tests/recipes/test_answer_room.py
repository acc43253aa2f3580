"""A model that thinks has room to end, the card takes it, and the training cuts no reference."""

import pytest

from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.recipes import list_derived
from lf_qwen3.recipes.answer_room import ADVISED, LEAST, PLAIN, READ, plan_room
from lf_qwen3.recipes.needs import ROOM, estimate_recipe_memory, find_card


def room(model="Qwen/Qwen3-4B", thinks=True, asked=None, **train):
    return plan_room({"model_name_or_path": model, "cutoff_len": 2048, **train}, thinks, asked)


@pytest.mark.parametrize(
    ("model", "tokens", "read"),
    [
        ("Qwen/Qwen3-4B", ADVISED, 40_960),
        ("Qwen/Qwen3-4B-Base", 32_768 - 2048, 32_768),
        ("Qwen/Qwen3-4B-Thinking-2507", ADVISED, 262_144),
        ("runs/mine", ADVISED, READ),
    ],
)
def test_thinking_may_take_what_qwen_advises_and_the_model_reads(model, tokens, read):
    found = room(model)
    assert (found.new_tokens, found.cutoff_len) == (tokens, read)


def test_answers_that_do_not_think_are_short_and_many_at_a_time():
    assert room(thinks=False)[:2] == (PLAIN, 8)
    assert room("runs/mine", thinks=False).batch == 8


def test_what_is_asked_for_is_taken_and_its_batch_follows():
    assert room(asked=64)[:2] == (64, 8)
    assert room(asked=ADVISED)[:2] == (ADVISED, 1)


def test_the_training_cuts_no_reference_and_stretches_no_rope():
    assert room(cutoff_len=512).cutoff_len == 40_960
    assert room(cutoff_len=65_536).cutoff_len == 65_536
    assert room(cutoff_len=65_536, rope_scaling="yarn").cutoff_len == 65_536


def test_the_card_of_the_training_takes_the_answers_of_every_recipe():
    for recipe in list_derived():
        shape, settings = recipe.checkpoint.shape, recipe.settings
        found = plan_room(settings, True, None)
        memory = estimate_recipe_memory(settings, recipe.checkpoint)
        card = find_card(memory.total)
        assert LEAST <= found.new_tokens <= ADVISED
        if card and found.new_tokens > LEAST:
            each = 4 * shape.layers * shape.kv_heads * shape.head_dim
            kept = found.batch * (found.new_tokens + settings["cutoff_len"]) * each
            assert (memory.frozen or 2 * shape.parameters) + kept <= ROOM * card, recipe.name


def test_settings_of_strangers_will_do():
    assert checkpoints.find_checkpoint("Qwen/Qwen3-8B")
    assert plan_room({"model_name_or_path": "Qwen/Qwen3-8B", "cutoff_len": None}, True, None).batch >= 1
