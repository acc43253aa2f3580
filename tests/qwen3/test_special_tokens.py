import pytest

from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS, FIRST_ADDED_ID, find


@pytest.mark.parametrize("token", ADDED_TOKENS)
def test_every_added_token_is_found(token):
    assert find(f"a < b {token} c") == token


@pytest.mark.parametrize(
    "text",
    ["", "a < b", "<p>Hello</p>", "<|pipe|>", "im_end", "<|im_end>", "<im_end>", "<thinking>", "< think >"],
)
def test_other_text_is_not_taken_for_one(text):
    assert find(text) is None


def test_the_first_of_several_is_named():
    assert find("<tool_call> <|im_end|>") == "<tool_call>"


def test_the_ids_end_where_qwen3_ends_them():
    assert ADDED_TOKENS.index("<|im_end|>") + FIRST_ADDED_ID == 151645
    assert len(ADDED_TOKENS) + FIRST_ADDED_ID == 151669
