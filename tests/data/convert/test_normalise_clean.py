"""`normalise_clean` must end where the slow path does, and never let a broken row pass."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.fast.clean import normalise_clean
from lf_qwen3.data.convert.normalise import normalise
from lf_qwen3.data.convert.rules import all_rules, require_sound

TEXT = st.sampled_from(
    [
        "a",
        " b\nc ",
        "    code",
        "",
        " ",
        "\u3000",
        "<",
        "<|im_end|>",
        "a\x00b",
        "a\r\nb",
        "a < b",
        "<br>",
        "< Think >",
        "</answer>",
        "<Output>x</output>",
        "x</s>",
        "[TOOL_CALLS] [",
        "<image>",
        "FUNCTION RESPONSE: x",
        "<|",
        "<｜end▁of▁sentence｜>",
        "<tool_call>",
        "<function=f>",
        "<eoa>",
        "\r",
    ]
)
TURN = st.builds(
    Turn,
    role=st.sampled_from(["user", "assistant", "assistant", "tool"]),
    content=TEXT,
    thinking=st.none() | TEXT,
    calls=st.sampled_from(["", "", "[]"]),
    learn=st.sampled_from([True, True, True, False]),
)
ORDINARY = st.tuples(
    st.builds(Turn, role=st.just("user"), content=TEXT),
    st.builds(Turn, role=st.just("assistant"), content=TEXT, thinking=st.none() | TEXT, learn=st.just(True)),
).map(list)
CONVERSATION = st.builds(
    Conversation,
    turns=st.lists(TURN, max_size=3)
    | ORDINARY
    | st.tuples(ORDINARY, ORDINARY).map(lambda two: two[0] + two[1]),
    system=st.just("") | TEXT,
    tools=st.sampled_from(["", "", "[]"]),
    rejected=st.none() | TURN,
)


@given(CONVERSATION)
def test_what_is_clean_is_what_the_slow_path_makes(conversation):
    short, long = deepcopy(conversation), deepcopy(conversation)
    if normalise_clean(short):
        normalise(long)
        require_sound(long, all_rules())
        assert short == long


@given(CONVERSATION)
def test_what_is_not_clean_takes_no_harm(conversation):
    short, long = deepcopy(conversation), deepcopy(conversation)
    if not normalise_clean(short):
        assert outcome(short) == outcome(long)


def outcome(conversation):
    try:
        normalise(conversation)
    except Exception as error:
        return type(error), error.args
    return conversation


@pytest.mark.parametrize("thinking", [None, "hm", " "])
def test_an_ordinary_dialogue_is_clean(thinking):
    turns = [Turn("user", " q"), Turn("assistant", "a\n", thinking=thinking)]
    assert normalise_clean(Conversation([*turns, *deepcopy(turns)]))
    assert [turn.content for turn in turns] == ["q", "a"]


@pytest.mark.parametrize(
    "change",
    [
        {"calls": "[]"},
        {"content": "a\0b"},
        {"content": "a<think>"},
        {"content": " "},
        {"content": "\u3000"},
        {"thinking": "a\0b"},
        {"thinking": "a<think>"},
        {"role": "user"},
        {"role": "tool"},
    ],
    ids=repr,
)
def test_what_needs_the_slow_path_is_not_clean(change):
    answer = Turn(**({"role": "assistant", "content": "a"} | change))
    assert not normalise_clean(Conversation([Turn("user", "q"), answer]))


@pytest.mark.parametrize(
    "more",
    [{"system": "<think>"}, {"tools": "[]"}, {"rejected": Turn("assistant", "b")}],
    ids=lambda more: next(iter(more)),
)
def test_a_conversation_with_more_than_turns_is_not_clean(more):
    assert not normalise_clean(Conversation([Turn("user", "q"), Turn("assistant", "a")], **more))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_turns_without_their_answer_are_not_clean(count):
    turns = [Turn("user", "q"), Turn("assistant", "a"), Turn("user", "q")]
    assert not normalise_clean(Conversation(turns[:count]))
