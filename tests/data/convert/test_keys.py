"""Which conversations count as the same."""

import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.fast.records import keys_of_dialogue
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


def dialogue(*texts):
    return Conversation([Turn("user" if n % 2 == 0 else "assistant", text) for n, text in enumerate(texts)])


@pytest.mark.parametrize(
    ("other", "same_prompt"),
    [
        (dialogue("q", "a", "r", "c"), True),
        (dialogue("Q", "a", "r", "b"), True),
        (dialogue("q", "A", "r", "b"), False),
        (dialogue("q", "a", "s", "b"), False),
        (dialogue("q", "a r", "", "b"), False),
    ],
    ids=["last answer", "case of the question", "first answer", "second question", "a seam moved"],
)
def test_the_prompt_is_all_that_comes_before_the_last_answer(other, same_prompt):
    assert (keys(dialogue("q", "a", "r", "b")).prompt == keys(other).prompt) == same_prompt


def test_an_earlier_call_is_part_of_the_prompt():
    def calling(calls):
        return Conversation([*dialogue("q", "a", "r", "b").turns[:1], Turn("assistant", "a", calls=calls)])

    prompts = set()
    for city in ("Oslo", "Rome"):
        calls = f'[{{"name": "f", "arguments": {{"city": "{city}"}}}}]'
        turns = [*calling(calls).turns, Turn("tool", "rain"), Turn("assistant", "end")]
        prompts.add(keys(Conversation(turns)).prompt)
    assert len(prompts) == 2


def test_system_and_tools_are_told_apart():
    assert keys(pair(system="[]")).prompt != keys(pair(tools="[]")).prompt
    assert keys(pair(tools="[1]")).prompt != keys(pair(tools="[2]")).prompt


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ａ，Ｂ", "a,b"),
        ("e\u0301", "\u00e9"),
        ("STRASSE", "strasse"),
        ("Stra\u00dfe", "strasse"),
        ("a\tb\vc", "abc"),
    ],
)
def test_folding_of_other_letters(text, folded):
    assert fold(text) == folded.encode()


def test_half_a_character_is_folded_too_and_is_not_another():
    """A JSON text may hold one half of a surrogate pair, which is no UTF-8."""
    assert fold("A\ud83d") == b"a\xed\xa0\xbd" != fold("A\ud83e")


@pytest.mark.parametrize("count", [2, 4, 6])
def test_a_clean_dialogue_has_the_keys_of_the_slow_path(count):
    texts = [f"text {number}" for number in range(count)]
    records = b"".join(record.line for record in FORMATS["sharegpt"].encode(dialogue(*texts), "unroll"))
    assert keys_of_dialogue(texts, records, 1) == keys_of(dialogue(*texts), records, 1)
