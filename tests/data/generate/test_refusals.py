"""Replies that are not worth learning are refused by their code, and good ones are not."""

from collections import Counter

import pytest

from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.data.generate.refusals import REFUSED, find_bad_text
from tests.data.generate import labelled_replies


def test_three_hundred_bad_replies_are_refused_by_their_code():
    cases = list(labelled_replies.bad())
    right, missed = Counter(), []
    for question, thinking, answer, hinted, code in cases:
        verdict = find_bad_text(question, thinking, answer, hinted=hinted)
        if verdict and verdict[0] == code:
            right[code] += 1
        else:
            missed.append((code, verdict, answer))
    assert len(cases) >= 300
    wanted = Counter(code for *_, code in cases)
    assert {code: right[code] / count >= 0.95 for code, count in wanted.items()} == dict.fromkeys(
        wanted, True
    ), missed


def test_three_hundred_good_replies_are_kept():
    cases = list(labelled_replies.good())
    refused = [case for case in cases if find_bad_text(case[0], case[1], case[2], hinted=case[3])]
    assert len(cases) >= 300
    assert len(refused) <= 0.01 * len(cases), refused


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("...", "empty_answer"),
        ("It is so that this is.", "empty_answer"),
        ("A", None),
        ("in", None),
        ("4", None),
    ],
)
def test_an_answer_of_words_that_carry_nothing_is_none(answer, code):
    verdict = find_bad_text("Which is it?", None, answer)
    assert (verdict[0] if verdict else None) == code


def test_a_text_with_a_lost_character_is_refused():
    assert find_bad_text("What is it?", "Let me see.", "It is a caf\ufffd in Bonn.")[0] == "broken_text"


def test_a_template_that_the_question_asks_about_is_none():
    question = "What does <|im_start|> mean?"
    assert find_bad_text(question, None, "<|im_start|> begins a turn of the chat template.") is None


def test_a_translation_may_be_in_the_script_of_the_reference():
    answer = "这是一座很老的桥，每个人都知道它。"
    assert find_bad_text("Translate: This is an old bridge.", None, answer)[0] == "language"
    assert (
        find_bad_text("Translate: This is an old bridge.", None, answer, "这是一座老桥，大家都知道它。")
        is None
    )


def test_no_code_means_two_things():
    assert {code for code in REFUSED if code in REJECTED} == {"empty_answer", "special_token"}
