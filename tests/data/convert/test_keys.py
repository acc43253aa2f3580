"""Which conversations count as the same."""

import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.fast.records import hash_records, write_clean
from lf_qwen3.data.convert.fast.rows import CleanRow
from lf_qwen3.data.convert.formats import FORMATS
from lf_qwen3.data.convert.keys import answer_keys, fold, fold_answers, keys_of
from lf_qwen3.qwen3.thinking import Split


def pair(question="What is it?", answer="This.", thinking=None, **more):
    return Conversation([Turn("user", question), Turn("assistant", answer, thinking=thinking)], **more)


def tools(name):
    return f'[{{"name": "{name}"}}]'


def keys(conversation, seed=1, format="sharegpt", turns="unroll"):
    """The keys of the last record."""
    records = FORMATS[format].encode(conversation, turns)
    return keys_of(conversation.turns[0].content, records, seed)[-1]


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
        (pair(tools=tools("f")), (True, False, False)),
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


def answers_of(conversation, format="sharegpt"):
    return answer_keys(FORMATS[format].encode(conversation, "last")[-1].line)


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
@pytest.mark.parametrize(
    ("other", "same"),
    [
        (pair(answer="this .", thinking="So  IT is"), (True, True)),
        (pair(thinking="It may be."), (False, True)),
        (pair(), (False, True)),
        (pair(answer="That.", thinking="so it is"), (False, False)),
        (pair(answer="so it is", thinking="This."), (False, False)),
    ],
    ids=["form only", "another reasoning", "no reasoning", "another answer", "answer and reasoning changed"],
)
def test_answers_are_the_same_with_their_reasoning_or_without_it(format, other, same):
    first = answers_of(pair(thinking="so it is"), format)
    assert tuple(a == b for a, b in zip(first, answers_of(other, format), strict=True)) == same


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_both_answers_of_a_preference_count(format):
    def answers(chosen, rejected, thinking=None):
        losing = Turn("assistant", rejected, thinking=thinking)
        return answers_of(pair(answer=chosen, rejected=losing), format)

    pairs = [("a", "b"), ("a", "c"), ("c", "b"), ("b", "a"), ("ab", "")]
    assert len({answers(*sides).whole for sides in pairs}) == len(pairs)
    assert len({answers(*sides).answer for sides in pairs}) == len(pairs)
    assert answers("A", " b") == answers("a", "b")
    assert answers("a", "b", "hm").answer == answers("a", "b").answer
    assert answers("a", "b", "hm").whole != answers("a", "b").whole


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_only_the_last_answer_is_compared_folded(format):
    first, *others = (
        answers_of(dialogue("q", before, "r", last), format)
        for before, last in (("a", "b"), ("c", "b"), ("a", "c"))
    )
    assert [own == first for own in others] == [True, False]


def test_calls_are_all_answer_even_with_a_tag_in_them():
    def calling(text, thinking=None):
        calls = f'[{{"name": "f", "arguments": {{"city": "{text}"}}}}]'
        return answers_of(Conversation([Turn("user", "q"), Turn("assistant", "", thinking, calls=calls)]))

    assert calling("<think>a</think>b").answer != calling("<think>c</think>b").answer
    assert calling("</think>", "hm").answer != calling("</think>", "oh").answer, "it cannot be split"


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_a_good_and_a_bad_answer_are_two(format):
    good, bad = (FORMATS[format].write(pair(label=label), "unroll")[-1].line for label in (True, False))
    assert answer_keys(good).whole != answer_keys(bad).whole != answers_of(pair(), format).whole
    assert answer_keys(good).answer == answer_keys(bad).answer


def test_no_reasoning_is_folded_apart_from_an_empty_one():
    assert fold_answers([Split(None, "A b")]) == b"ab" != fold_answers([Split("", "A b")])


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
    for format in ("sharegpt", "alpaca"):
        first, second = (keys(both, 1, format) for both in (dialogue("q", "a", "r", "b"), other))
        assert (first.prompt == second.prompt) == same_prompt


def test_every_record_of_a_dialogue_has_a_prompt_and_they_share_the_question():
    records = FORMATS["sharegpt"].encode(dialogue("q", "a", "r", "b", "s", "c"), "unroll")
    made = keys_of("q", records, 1)
    assert (len({own.question for own in made}), len({own.prompt for own in made})) == (1, 3)
    assert made[0] == keys(dialogue("q", "a"))


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
    for system in ("", "be brief"):
        alike = [pair(system=system + tools("f")), pair(system=system, tools=tools("f"))]
        alike.append(pair(system=system, tools=tools("g")))
        assert len({keys(conversation).prompt for conversation in alike}) == 3


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


@pytest.mark.parametrize("turns", ["unroll", "last", "all"])
@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
@pytest.mark.parametrize(("count", "thinking"), [(2, ""), (2, "hm"), (4, ""), (6, "")])
@pytest.mark.parametrize("system", ["", "be brief"])
def test_a_clean_row_has_the_records_and_keys_of_the_slow_path(count, thinking, system, format, turns):
    texts = tuple(f"text {number}" for number in range(count))
    slow = dialogue(*texts)
    slow.system, slow.turns[-1].thinking = system, thinking or None
    records = FORMATS[format].encode(slow, turns)
    clean = CleanRow(texts, thinking, system)
    assert write_clean(clean, FORMATS[format], turns, 1) == hash_records(texts[0], records, 1)


def thinking_dialogue(first):
    turns = dialogue("q", "a", "r", "b").turns
    turns[1].thinking = first
    return Conversation(turns)


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_the_thinking_of_an_earlier_turn_counts_where_it_is_written(format):
    for turns, prompts in (("all", 3), ("last", 1)):
        made = [keys(thinking_dialogue(first), 1, format, turns) for first in (None, "hm", "oh")]
        assert len({own.prompt for own in made}) == prompts, turns
