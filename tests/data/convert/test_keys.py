"""Which conversations count as the same."""

import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.formats import FORMATS
from lf_qwen3.data.convert.keys import fold, folded_answer, keys_of


def pair(question="What is it?", answer="This.", thinking=None, **more):
    return Conversation([Turn("user", question), Turn("assistant", answer, thinking=thinking)], **more)


def keys(conversation, seed=1):
    records = b"".join(record.line for record in FORMATS["sharegpt"].encode(conversation, "unroll"))
    return keys_of(conversation, records, seed)


@pytest.mark.parametrize(
    "other",
    ["what is it?", "What  is\nit?", "What is it？", "Ｗhat is it?"],
    ids=["case", "white space", "full-width mark", "full-width letter"],
)
def test_questions_are_the_same_after_folding(other):
    assert keys(pair())[:2] == keys(pair(other))[:2]


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (pair("What was it?"), (False, False, False)),
        (pair(answer="That."), (True, True, False)),
        (pair(thinking="hm"), (True, False, False)),
        (pair(system="be brief"), (True, False, False)),
        (pair(tools="[]"), (True, False, False)),
        (pair(), (True, True, True)),
    ],
    ids=["question", "answer", "kind", "system", "tools", "nothing"],
)
def test_what_the_keys_tell_apart(other, same):
    assert tuple(a == b for a, b in zip(keys(pair()), keys(other), strict=True)) == same


def test_another_thinking_is_no_other_prompt():
    assert keys(pair(thinking="a"))[:2] == keys(pair(thinking="b"))[:2]


def test_the_seed_shuffles_questions_but_not_prompts():
    one, two = keys(pair(), 1), keys(pair(), 2)
    assert (one.question != two.question, one.prompt == two.prompt) == (True, True)


def test_a_preference_with_another_loser_is_another_answer():
    one, two = pair(rejected=Turn("assistant", "x")), pair(rejected=Turn("assistant", "y"))
    assert keys(one).answer != keys(two).answer


def test_folding_ignores_width_case_and_white_space():
    assert fold(" Ａb\u3000\n") == b"ab"
    assert folded_answer("A b") == folded_answer("a B")
