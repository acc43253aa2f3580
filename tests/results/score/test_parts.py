"""Thinking and answer are told apart however the text is broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.results.score.parts import is_well_formed, prompt_opens_thinking, split_parts, without_special

# text, thinking, answer, is_unclosed, well-formed beside a thinking label, well-formed beside a plain label
CASES = {
    "canonical": ("<think>\nR\n</think>\n\nA", "R", "A", False, True, False),
    "no white space": ("<think>R</think>A", "R", "A", False, True, False),
    "plain": ("A", "", "A", False, False, True),
    "empty block": ("<think>\n\n</think>\n\nA", "", "A", False, False, True),
    "never closed": ("<think>\nR and on", "R and on", "", True, False, False),
    "never opened": ("R\n</think>\n\nA", "R", "A", False, False, False),
    "empty block, then closed again": ("<think></think>A</think>", "</think>A", "", False, False, False),
    "two blocks": ("<think>R</think>\n<think>S</think>A", "R</think>\n<think>S", "A", False, False, False),
    "text before": ("Well.\n<think>\nR\n</think>\n\nA", "R", "A", False, False, False),
    "opened in an answer": ("<think>\nR\n</think>\n\nA\n<think>", "R", "A\n<think>", False, False, False),
    "renamed tag": ("<thinking>R</thinking>A", "", "<thinking>R</thinking>A", False, False, False),
    "tag spoken of": ("The <think> tag opens.", "", "The <think> tag opens.", False, False, False),
    "empty": ("", "", "", False, False, True),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_text_is_taken_apart(case):
    text, thinking, answer, unclosed, as_thinking, as_plain = case
    parts = split_parts(text)
    assert (parts.thinking, parts.answer, parts.is_unclosed) == (thinking, answer, unclosed)
    assert (is_well_formed(parts, True), is_well_formed(parts, False)) == (as_thinking, as_plain)


def test_an_answer_may_speak_of_the_tag_where_its_label_does():
    assert is_well_formed(split_parts("The <think> tag opens."), wants_thinking=False, may_mention=True)


@pytest.mark.parametrize(
    ("prompt", "opens"),
    [
        ("<|im_start|>assistant\n", False),
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", False),
        ("<|im_start|>assistant\n<think>\n", True),
    ],
    ids=["hybrid", "empty block", "thinking model"],
)
def test_the_prompt_may_open_the_block(prompt, opens):
    assert prompt_opens_thinking(prompt) is opens


@pytest.mark.parametrize(
    ("text", "thinking", "answer", "well_formed"),
    [("R\n</think>\n\nA", "R", "A", True), ("R and on", "R and on", "", False)],
    ids=["closed", "unclosed"],
)
def test_a_text_that_starts_inside_thinking(text, thinking, answer, well_formed):
    parts = split_parts(text, starts_thinking=True)
    assert (parts.thinking, parts.answer, is_well_formed(parts, True)) == (thinking, answer, well_formed)


@given(st.text("ab\n 的", min_size=1), st.text("ab\n 的"))
def test_what_is_framed_comes_apart_again(thinking, answer):
    parts = split_parts(frame(thinking, answer))
    assert (parts.thinking, parts.answer) == (thinking.strip(), answer.strip())


def test_special_tokens_are_taken_out_as_decoding_does_and_tags_stay():
    text = "<think>\n<tool_call>A</tool_call><|im_end|><|endoftext|><|fim_prefix|>"
    assert without_special(text) == "<think>\n<tool_call>A</tool_call><|fim_prefix|>"
