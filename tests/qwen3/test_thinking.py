import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lf_qwen3.base.errors import Reject
from lf_qwen3.base.reasons import REJECTED, REPAIRED
from lf_qwen3.qwen3.thinking import (
    CLOSE,
    OPEN,
    WHITESPACE,
    Split,
    excerpt,
    frame,
    frame_json,
    has_tag,
    join_column,
    reasons,
    split,
    trimmed,
)

FRAMED = f"{OPEN}\nR\n{CLOSE}\n\nA"

TAGS = [
    OPEN,
    CLOSE,
    "<THINK>",
    "</Think>",
    "<thinking>",
    "</thinking>",
    "< think >",
    "</think >",
    "<|begin_of_thought|>",
    "<|end_of_thought|>",
    "<|begin_of_solution|>",
    "<|end_of_solution|>",
]
WORDS = ["R", "A b", "嗯，", "<p>", "</", "<", "think", ">", "<|", "    x", "\t", "\n", "\n\n", " ", "\u3000"]
texts_of_tags_and_words = st.lists(st.sampled_from(TAGS + WORDS), max_size=9).map("".join)
untagged = st.text(st.sampled_from("ab<>/|嗯 \n\t\u3000é"), max_size=20) | st.text(max_size=20)
answers = untagged.map(trimmed).filter(lambda text: not has_tag(text))
thoughts = untagged.map(lambda text: text.strip(WHITESPACE)).filter(lambda text: text and not has_tag(text))


def attempt(function, *given):
    """Return what the function makes of it, or the code of the rejection."""
    try:
        return function(*given)
    except Reject as error:
        return error.code


@given(st.none() | thoughts, answers)
@example("R", "    return x\nnext")
@example(None, "")
@example("R", "")
def test_split_is_the_inverse_of_frame(thinking, answer):
    assert split(frame(thinking, answer)) == Split(thinking, answer)


@given(thoughts, answers)
def test_frame_json_writes_the_json_of_the_frame(thinking, answer):
    parts = frame_json(json.dumps(thinking).encode(), json.dumps(answer).encode())
    assert json.loads(b"".join(parts)) == frame(thinking, answer)


@given(texts_of_tags_and_words)
def test_split_mends_or_rejects_and_then_nothing_is_left_to_mend(text):
    found = attempt(split, text)
    if isinstance(found, str):
        assert found in REJECTED
        return
    assert set(found.repairs) <= set(REPAIRED)
    assert not has_tag(found.answer)
    assert not has_tag(found.thinking or "")
    assert split(frame(found.thinking, found.answer)) == (found.thinking, found.answer, ())


@given(
    texts_of_tags_and_words
    | thoughts.map(lambda text: frame(text, "A < B"))
    | st.just(f"{OPEN}\n{CLOSE}\n\nA")
)
def test_a_text_reasons_where_split_finds_a_thinking(text):
    found = attempt(split, text)
    assert reasons(text) == (isinstance(found, Split) and found.thinking is not None)


@given(texts_of_tags_and_words, texts_of_tags_and_words)
def test_join_column_mends_or_rejects_and_then_nothing_is_left_to_mend(column, text):
    found = attempt(join_column, column, text)
    if isinstance(found, str):
        assert found in REJECTED
        return
    assert set(found.repairs) <= set(REPAIRED)
    assert split(frame(found.thinking, found.answer)) == (found.thinking, found.answer, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("A", Split(None, "A"), id="plain"),
        pytest.param("", Split(None, ""), id="nothing"),
        pytest.param(" \nA \n", Split(None, "A"), id="outer-white-space-is-no-repair"),
        pytest.param("    x = 1\n    y = 2\n", Split(None, "    x = 1\n    y = 2"), id="indented-code"),
        pytest.param("\n\n\tx = 1", Split(None, "\tx = 1"), id="indented-code-below-blank-lines"),
        pytest.param("a < b, <b>bold</b>", Split(None, "a < b, <b>bold</b>"), id="markup"),
        pytest.param("<thought>x</thought>", Split(None, "<thought>x</thought>"), id="another-element"),
        pytest.param("<think/> <thinker>", Split(None, "<think/> <thinker>"), id="no-tag-of-ours"),
        pytest.param(FRAMED, Split("R", "A"), id="canonical"),
        pytest.param(f"\n{FRAMED}\n", Split("R", "A"), id="canonical-in-white-space"),
        pytest.param(f"{OPEN}\nR\n{CLOSE}\n\n    x", Split("R", "    x"), id="canonical-with-code"),
        pytest.param(f"{OPEN}R{CLOSE}A", Split("R", "A", ("think_whitespace",)), id="no-white-space"),
        pytest.param(f"{OPEN}R{CLOSE} \n A", Split("R", "A", ("think_whitespace",)), id="other-white-space"),
        pytest.param(f"{OPEN}\nR\n{CLOSE}\nA", Split("R", "A", ("think_whitespace",)), id="one-line-end"),
        pytest.param(f"{OPEN}\nR\n\n{CLOSE}\n\n\nA", Split("R", "A", ("think_whitespace",)), id="more"),
        pytest.param(
            "<thinking>\nR\n</thinking>\n\nA", Split("R", "A", ("think_tag_renamed",)), id="thinking-tag"
        ),
        pytest.param("<THINK>\nR\n</THINK>\n\nA", Split("R", "A", ("think_tag_renamed",)), id="upper-case"),
        pytest.param("< think >R< / think >A", Split("R", "A", ("think_tag_renamed",)), id="blanks-in-tags"),
        pytest.param(
            "<|begin_of_thought|>R<|end_of_thought|>A", Split("R", "A", ("think_tag_renamed",)), id="thought"
        ),
        pytest.param(
            "<|begin_of_thought|>\nR\n<|end_of_thought|>\n<|begin_of_solution|>\nA\n<|end_of_solution|>",
            Split("R", "A", ("think_tag_renamed", "solution_tags")),
            id="thought-and-solution",
        ),
        pytest.param(
            "<|BEGIN_OF_THOUGHT|>R<|End_of_thought|>A",
            Split("R", "A", ("think_tag_renamed",)),
            id="thought-in-capitals",
        ),
        pytest.param(
            "<|begin_of_thought|>R<|end_of_thought|><|begin_of_solution|>A",
            Split("R", "A", ("think_tag_renamed", "solution_tags")),
            id="solution-not-closed",
        ),
        pytest.param(
            f"{OPEN}\nR\n{CLOSE}\n    A", Split("R", "A", ("think_whitespace",)), id="one-line-end-and-blanks"
        ),
        pytest.param(
            f"{OPEN}\n\u3000R\n{CLOSE}\n\u3000A",
            Split("\u3000R", "\u3000A", ("think_whitespace",)),
            id="one-line-end-and-chinese-indent",
        ),
        pytest.param(f"R\n{CLOSE}\n\nA", Split("R", "A", ("think_open_missing",)), id="missing-open"),
        pytest.param(f"{OPEN}\n\n{CLOSE}\n\nA", Split(None, "A", ("think_empty",)), id="empty"),
        pytest.param(f"{OPEN}{CLOSE}A", Split(None, "A", ("think_empty",)), id="empty-without-white-space"),
        pytest.param(
            f"{CLOSE}\n\nA", Split(None, "A", ("think_open_missing", "think_empty")), id="empty-missing-open"
        ),
        pytest.param(
            f"{OPEN}R{CLOSE}\n{OPEN}S{CLOSE}A", Split("R\n\nS", "A", ("think_merged",)), id="adjoining"
        ),
        pytest.param(
            f"{OPEN}{CLOSE}{OPEN}R{CLOSE}A", Split("R", "A", ("think_empty",)), id="empty-then-filled"
        ),
        pytest.param(
            f"R{CLOSE}{OPEN}S{CLOSE}A",
            Split("R\n\nS", "A", ("think_open_missing", "think_merged")),
            id="adjoining-missing-open",
        ),
    ],
)
def test_split(text, expected):
    assert split(text) == expected


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        pytest.param(f"{OPEN}R", "think_unclosed", "opened at character 0", id="unclosed"),
        pytest.param(
            f"{OPEN}R{CLOSE}{OPEN}S", "think_unclosed", "opened at character 16", id="second-unclosed"
        ),
        pytest.param(f"{FRAMED}{OPEN}", "think_several", "A", id="opened-again-behind-the-answer"),
        pytest.param(f"{OPEN}{OPEN}R{CLOSE}A", "think_nested", "at character 7", id="opened-twice"),
        pytest.param(
            f"{OPEN}a{OPEN}b{CLOSE}c{CLOSE}A", "think_nested", "at character 8", id="block-in-block"
        ),
        pytest.param(f"{OPEN}R{CLOSE}A{CLOSE}", "think_unopened", "at character 17", id="closed-twice"),
        pytest.param(
            f"R{CLOSE}A{CLOSE}", "think_unopened", "at character 10", id="closed-twice-never-opened"
        ),
        pytest.param(f"Sure. {OPEN}R{CLOSE}A", "think_not_first", "Sure.", id="text-before"),
        pytest.param(f"{OPEN}R{CLOSE}A{OPEN}S{CLOSE}B", "think_several", "A", id="text-between"),
        pytest.param(f"R{CLOSE}A{OPEN}S{CLOSE}B", "think_several", "A", id="text-between-missing-open"),
        pytest.param("Write <thinking> first.", "think_not_first", "Write", id="a-tag-in-prose"),
    ],
)
def test_split_rejects(text, code, detail):
    with pytest.raises(Reject) as caught:
        split(text)
    assert (caught.value.code, caught.value.detail) == (code, detail)


@pytest.mark.parametrize(
    ("thinking", "answer", "expected"),
    [
        pytest.param("R", "A", Split("R", "A"), id="both"),
        pytest.param("R\n", "\nA", Split("R", "A"), id="outer-white-space-is-no-repair"),
        pytest.param("", "A", Split(None, "A"), id="empty-column"),
        pytest.param(" \n", "A", Split(None, "A"), id="blank-column"),
        pytest.param("\n\u3000\u3000R\n", "A", Split("\u3000\u3000R", "A"), id="chinese-indent"),
        pytest.param("R < S", "A > B", Split("R < S", "A > B"), id="signs"),
        pytest.param(
            f"{OPEN}\nR\n{CLOSE}", "A", Split("R", "A", ("think_column_tags",)), id="column-in-tags"
        ),
        pytest.param(f"R{CLOSE}", "A", Split("R", "A", ("think_column_tags",)), id="column-with-close-tag"),
        pytest.param(f"{OPEN}R", "A", Split("R", "A", ("think_column_tags",)), id="column-with-open-tag"),
        pytest.param(f"{OPEN}{CLOSE}", "A", Split(None, "A", ("think_column_tags",)), id="column-of-tags"),
        pytest.param("R", FRAMED, Split("R", "A", ("think_twice_same",)), id="answer-repeats-the-column"),
        pytest.param(
            "R  S", f"{OPEN}R\nS{CLOSE}A", Split("R  S", "A", ("think_twice_same",)), id="same-words"
        ),
        pytest.param(
            f"{OPEN}R{CLOSE}",
            FRAMED,
            Split("R", "A", ("think_column_tags", "think_twice_same")),
            id="tags-in-the-column-and-again-in-the-answer",
        ),
        pytest.param("", FRAMED, Split("R", "A"), id="only-the-answer-thinks"),
        pytest.param("R", f"{OPEN}{CLOSE}A", Split("R", "A", ("think_empty",)), id="empty-block-in-answer"),
        pytest.param(
            "R", f"{CLOSE}A", Split("R", "A", ("think_open_missing", "think_empty")), id="close-tag"
        ),
    ],
)
def test_join_column(thinking, answer, expected):
    assert join_column(thinking, answer) == expected


@pytest.mark.parametrize(
    ("thinking", "answer", "code"),
    [
        pytest.param("R", f"{OPEN}S{CLOSE}A", "think_twice", id="answer-thinks-otherwise"),
        pytest.param(f"{OPEN}R{CLOSE}S", "A", "think_nested", id="text-behind-the-block"),
        pytest.param(f"S{OPEN}R{CLOSE}", "A", "think_nested", id="text-before-the-block"),
        pytest.param(f"{OPEN}{OPEN}R{CLOSE}{CLOSE}", "A", "think_nested", id="tags-left-inside"),
        pytest.param("R", f"{OPEN}S", "think_unclosed", id="answer-unclosed"),
    ],
)
def test_join_column_rejects(thinking, answer, code):
    with pytest.raises(Reject) as caught:
        join_column(thinking, answer)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("A", "A", id="untouched"),
        pytest.param("  A \n", "A", id="white-space"),
        pytest.param("\n\n    A\n", "    A", id="four-blanks-are-code"),
        pytest.param(" \n  A", "A", id="two-blanks-are-not"),
        pytest.param("\n    A", "    A", id="code-below-one-line-end"),
        pytest.param("\u3000\u3000段落", "\u3000\u3000段落", id="chinese-indent"),
        pytest.param("段落\u3000 \n", "段落\u3000", id="chinese-blank-at-the-end"),
        pytest.param(" \n\t ", "", id="blank"),
    ],
)
def test_trimmed(text, expected):
    assert trimmed(text) == expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [(39, "x" * 39), (40, "x" * 40), (41, "x" * 40 + "…"), (100, "x" * 40 + "…")],
)
def test_excerpt(length, expected):
    assert excerpt("x" * length) == expected
    assert excerpt("ab" * length, 2) == "ab…"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a <think>", True),
        ("</THINKING>", True),
        ("<|end_of_thought|>", True),
        ("think", False),
        ("<p>", False),
    ],
)
def test_has_tag(text, told):
    assert has_tag(text) is told


@pytest.mark.llamafactory
def test_the_trainer_can_take_the_frame_away_again():
    template = pytest.importorskip("llamafactory.data.template").TEMPLATES["qwen3"]
    assert template.remove_thought(frame("R\n\nS", "    A")) == "    A"
    assert template.add_thought("A") == frame("", "A")
