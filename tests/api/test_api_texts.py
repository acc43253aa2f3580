"""`split_thinking` and `frame_thinking`: an inverse pair."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import lf_qwen3 as lq
from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.qwen3.thinking import CLOSE, OPEN, WHITESPACE, has_tag, trimmed

FRAMED = f"{OPEN}\nR\n{CLOSE}\n\nA"
TAGS = [OPEN, CLOSE, "<thinking>", "</THINK>", "<|begin_of_thought|>", "<|end_of_thought|>"]
WORDS = ["R", "A b", "嗯，", "<", "think>", "    x", "\n", "\n\n", " ", "\u3000"]
texts_with_tags = st.lists(st.sampled_from(TAGS + WORDS), max_size=8).map("".join)
plain = st.text(st.sampled_from("ab<>/|嗯 \n\t\u3000é"), max_size=20)
answers = plain.map(trimmed).filter(lambda text: not has_tag(text))
thoughts = plain.map(lambda text: text.strip(WHITESPACE)).filter(lambda text: text and not has_tag(text))


@given(st.none() | thoughts, answers)
@example("R", "    return x\nnext")
@example(None, "")
def test_splitting_a_framed_text_gives_its_parts(thinking, answer):
    assert lq.split_thinking(lq.frame_thinking(thinking, answer)) == (thinking, answer)


def attempt(function, *given):
    """Return what the function makes of it, or the code of its error in a set."""
    try:
        return function(*given)
    except lq.LfQwen3Error as error:
        return {error.code}


@given(texts_with_tags)
def test_a_text_is_split_the_same_after_it_was_framed_or_is_an_error_with_a_code(text):
    parts = attempt(lq.split_thinking, text)
    if isinstance(parts, set):
        assert parts <= REJECTED.keys()
    else:
        assert lq.split_thinking(lq.frame_thinking(*parts)) == parts


@given(st.none() | texts_with_tags, texts_with_tags)
def test_framing_twice_changes_nothing(thinking, answer):
    framed = attempt(lq.frame_thinking, thinking, answer)
    if isinstance(framed, set):
        assert framed <= REJECTED.keys()
    else:
        assert lq.frame_thinking(None, framed) == framed
        assert lq.frame_thinking(*lq.split_thinking(framed)) == framed


@pytest.mark.parametrize(
    ("thinking", "answer", "framed"),
    [
        ("R", "A", FRAMED),
        (" R\n", "\nA ", FRAMED),
        (f"{OPEN}R{CLOSE}", "A", FRAMED),
        ("R", FRAMED, FRAMED),
        (None, FRAMED, FRAMED),
        (None, "A", "A"),
        ("", "A", "A"),
        (" \n", "A", "A"),
    ],
)
def test_the_frame_is_canonical_whatever_the_parts_look_like(thinking, answer, framed):
    assert lq.frame_thinking(thinking, answer) == framed


def test_an_answer_that_brings_another_thinking_is_an_error():
    with pytest.raises(lq.LfQwen3Error) as error:
        lq.frame_thinking("another", FRAMED)
    assert error.value.code == "think_twice"


def test_a_text_that_cannot_be_taken_apart_says_why_and_how_to_cure_it():
    with pytest.raises(lq.LfQwen3Error) as error:
        lq.split_thinking(f"{OPEN}R")
    assert error.value.code == "think_unclosed"
    assert "character 0" in error.value.message
    assert error.value.hint == REJECTED["think_unclosed"].hint
