"""Tags of other models around the reasoning and the answer."""

import pytest

from lf_qwen3.qwen3.foreign_tags import (
    find_foreign_tag,
    has_reasoning,
    rename_foreign_tags,
    strip_foreign_tags,
    unwrap_answer,
)
from lf_qwen3.qwen3.thinking import CLOSE, OPEN


@pytest.mark.parametrize(
    "name", ["thought", "Thought", "thoughts", "reasoning", "reason", "reflection", "scratchpad", "analysis"]
)
def test_a_leading_block_is_renamed(name):
    text = f"<{name}>Why.</{name}>\n7"
    assert find_foreign_tag(text) == f"<{name}>"
    assert rename_foreign_tags(text) == f"{OPEN}Why.{CLOSE}\n7"
    assert strip_foreign_tags(f" <{name}>Why.</{name}>\n") == "Why."
    assert has_reasoning(text)


def test_blocks_that_follow_one_another_are_all_renamed():
    text = f"{OPEN}a{CLOSE}\n<reflection>b</reflection>\n<reason>c</reason>\n7"
    assert find_foreign_tag(text) == "<reflection>"
    assert rename_foreign_tags(text) == f"{OPEN}a{CLOSE}{OPEN}b{CLOSE}{OPEN}c{CLOSE}\n7"


@pytest.mark.parametrize(
    "text",
    ["7", "So <thought>no</thought>", "<thought>open", "<thought>all</thought>", "<reasons>a</reasons>7",
     "<reason>a<reason>b</reason></reason>7", "<p>a</p>7", f"{OPEN}a{CLOSE}\n\n7"],
)  # fmt: skip
def test_other_texts_stay(text):
    assert rename_foreign_tags(text) == text
    assert strip_foreign_tags("<thought>a</thought> b") == "<thought>a</thought> b"


def test_the_wrapper_of_an_answer_is_taken_off():
    assert unwrap_answer("\n<answer>8</answer>") == "8"
    assert unwrap_answer("<Output>\n8\n</Output>") == "\n8\n"
    for text in (
        "8",
        "<answer>8",
        "<answer>8</answer> so",
        "<answer>8</answer><answer>9</answer>",
        "<b>8</b>",
    ):
        assert unwrap_answer(text) == text


def test_has_reasoning_takes_anything():
    assert has_reasoning(f"{OPEN}a{CLOSE}b")
    for value in (None, 3, "", "a", ["a"]):
        assert not has_reasoning(value)
