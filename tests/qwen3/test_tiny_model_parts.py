"""What the tiny model needs is asked for by name, and a merge table follows from ranks."""

import importlib.util

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.qwen3 import tokenizer_build


def test_what_is_missing_is_named_with_the_command_to_type(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "dashscope" else name)
    with pytest.raises(LfQwen3Error) as caught:
        tokenizer_build.require("torch", "dashscope")
    assert caught.value.code == "extra_missing"
    assert "dashscope" in caught.value.message
    assert caught.value.hint == 'run: pip install "lf-qwen3[train]"'


def test_merges_are_found_from_the_ranks():
    ranks = {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"ab": 4, b"abc": 5}
    assert tokenizer_build.find_merges(ranks) == [(b"b", b"c"), (b"a", b"b"), (b"a", b"bc")]


def test_ranks_are_read_from_base64(tmp_path):
    (tmp_path / "x.tiktoken").write_bytes(b"YQ== 0\nYg== 1\n\n")
    assert tokenizer_build.read_ranks(tmp_path / "x.tiktoken") == {b"a": 0, b"b": 1}
