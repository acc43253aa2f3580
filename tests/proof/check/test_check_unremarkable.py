"""No check but the exempt ones may find fault with a record that is unremarkable."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.data.convert import keys
from lf_qwen3.proof.check.rules.records.sample import Sample, sample_of
from lf_qwen3.proof.check.rules.registered import checks_for
from lf_qwen3.proof.check.unremarkable import EXEMPT, is_unremarkable
from lf_qwen3.qwen3.thinking import frame

CHECKS = [check for check in checks_for(Sample) if check.code not in EXEMPT]
PIECES = st.sampled_from(
    [
        *("An answer of some length. ", "第一句话，第二句话。" * 3, "Où est le café? ", "a < b", "x\n", " "),
        *("", "<br>", "</p>", "&nbsp;", "\\n", "{{name}}", "### Response:", "[INST]", "[/INST]", "\0"),
        *("<think>", "</think>", "<|im_end|>", "<tool_call>", "<think>\nr\n</think>\n\n", "N/A", "ok", "`"),
        *("\ufffd", "锟斤拷", "烫烫烫", "屯屯屯", "â€™", "Ã©", "ï»¿", "ä½\xa0å¥½", "Â\xa0", "\u3000", "{%"),
        "<thought>x</thought>",
    ]
)
TEXT = st.lists(PIECES, max_size=4).map("".join)


@given(st.lists(TEXT, min_size=1, max_size=4), TEXT, st.none() | TEXT)
def test_what_is_unremarkable_passes_every_check(texts, system, rejected):
    sample = sample_of(*texts, system=system, rejected=rejected)
    if is_unremarkable(sample):
        assert [check.code for check in CHECKS if list(check.faults(sample))] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_what_a_check_finds_bad_is_looked_at(check):
    assert not is_unremarkable(check.bad)


@pytest.mark.parametrize(
    "answer",
    ["An answer of some length, 你好！", frame("Hm.", "An answer of some length.")],
    ids=["plain", "reasoned"],
)
def test_an_ordinary_record_is_unremarkable(answer):
    assert is_unremarkable(sample_of("A question?", answer, system="Be kind."))


def test_characters_that_are_folded_at_once_are_folded_by_nothing():
    for character in map(chr, range(128, 0x10000)):
        if keys._is_plain(character):
            assert character.casefold() == unicodedata.normalize("NFC", character) == character
            assert not unicodedata.combining(character)
