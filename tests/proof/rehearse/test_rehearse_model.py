"""What rehearsals keep in the user's cache, where several of them run at once."""

import os

import pytest

from lf_qwen3.proof.rehearse import model
from lf_qwen3.qwen3 import tokenizer_build
from tests.needs import require

require("dashscope")


def test_a_tokenizer_that_another_process_made_meanwhile_stays(tmp_path, monkeypatch):
    """It may be read already, so that it must not go for a moment."""

    def make_both(ranks, folder):
        (place,) = tmp_path.glob(".tokenizer-*")
        assert place == folder
        other = tmp_path / place.name.split(".")[1]
        other.mkdir()
        for folder_, maker in ((folder, "this"), (other, "other")):
            (folder_ / "tokenizer.json").write_text(maker)

    monkeypatch.setattr(tokenizer_build, "save_tokenizer", make_both)
    place, _ = model.find_tokenizer("no/such-model", None, tmp_path)
    assert (place / "tokenizer.json").read_text() == "other"
    assert os.listdir(tmp_path) == [place.name]


@pytest.mark.parametrize("was_there", [False, True])
def test_what_is_not_whole_is_made_anew(tmp_path, monkeypatch, was_there):
    def make(ranks, folder):
        (folder / "tokenizer.json").write_text("whole")

    monkeypatch.setattr(tokenizer_build, "save_tokenizer", make)
    place, _ = model.find_tokenizer("no/such-model", None, tmp_path)
    if was_there:
        (place / "tokenizer.json").rename(place / "of an earlier version")
        place, _ = model.find_tokenizer("no/such-model", None, tmp_path)
    assert [file.name for file in place.iterdir()] == ["tokenizer.json"]
