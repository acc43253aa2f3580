"""Replies that are not worth learning are refused by their code, and good ones are not."""

from collections import Counter

import pytest

from lf_qwen3.base.conversation import Turn
from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.data.generate.candidates import Candidate, CandidateBuilder
from lf_qwen3.data.generate.decide import Decider
from lf_qwen3.data.generate.dialects import DIALECTS
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_reply import ModelReply
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.options import DistilOptions
from lf_qwen3.data.generate.questions import SourceQuestion
from lf_qwen3.data.generate.refusals import REFUSED, find_bad_text
from tests.data.generate import labelled_replies


@pytest.fixture
def decide(tmp_path):
    """Decide about labelled replies as distil does, rows with an answer compared; return the codes."""

    def run(cases):
        with Journal(tmp_path / "rows.journal.jsonl") as journal:
            builder = CandidateBuilder(DistilOptions((), tmp_path), "m", DIALECTS["vllm"], journal)
            decider, codes = Decider(builder, journal), []
            for number, case in enumerate(cases):
                request = ModelRequest({"number": number})
                question = SourceQuestion(
                    "s", number, (Turn("user", case.question),), reference=case.reference
                )
                finish = "" if case.finish == "none" else case.finish
                journal.note_reply(request.key, ModelReply(case.answer, case.thinking, finish))
                codes.append(
                    decider.decide(Candidate(question, case.mode, 0, request, hinted=case.hinted)).code
                )
        return codes

    return run


def test_three_hundred_bad_replies_are_refused_by_their_code(decide):
    cases = list(labelled_replies.bad())
    codes = decide(cases)
    missed = [(code, case) for code, case in zip(codes, cases, strict=True) if not code.startswith(case.code)]
    wanted, right = (Counter(case.code for case in some) for some in (cases, cases))
    right.subtract(case.code for _, case in missed)
    assert len(cases) >= 300
    assert len(missed) <= 0.05 * len(cases), missed
    by_hand = [reply for reply in labelled_replies.read_labelled() if reply.code]
    assert len([case for _, case in missed if case in by_hand]) <= 0.05 * len(by_hand)
    assert {code: right[code] / count >= 0.95 for code, count in wanted.items()} == dict.fromkeys(
        wanted, True
    ), missed


def test_three_hundred_good_replies_are_kept(decide):
    cases = list(labelled_replies.good())
    refused = [pair for pair in zip(decide(cases), cases, strict=True) if pair[0]]
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
