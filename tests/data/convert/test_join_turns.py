"""What a speaker says in several turns in a row becomes one turn, where that is certain."""

import pytest

from lf_qwen3.base.conversation import Conversation, Role, Turn
from lf_qwen3.data.convert.normalise import normalise
from lf_qwen3.qwen3.thinking import CLOSE, OPEN

ROLES: dict[str, Role] = {"u": "user", "a": "assistant", "t": "tool"}


def said(speakers, *texts, **more):
    """Return a conversation; `speakers` has a letter for each text."""
    turns = [Turn(ROLES[speaker], text) for speaker, text in zip(speakers, texts, strict=True)]
    return Conversation(turns, **more)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (said("uua", *"QRA"), said("ua", "Q\n\nR", "A")),
        (said("uuauaaa", *"QRABCDE"), said("uaua", "Q\n\nR", "A", "B", "C\n\nD\n\nE")),
        (said("uua", *"QRA", rejected=Turn("assistant", "B")), said("ua", "Q\n\nR", "A")),
        (said("uaauaua", *"QABRCSD", label=True), said("uauaua", "Q", "A\n\nB", *"RCSD")),
    ],
)
def test_turns_of_one_speaker_are_joined_with_a_blank_line(given, wanted):
    normalise(given)
    assert (given.turns, given.repairs) == (wanted.turns, {"turns_joined"})
    normalise(given)
    assert given.turns == wanted.turns


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(said("uaa", *"QAB"), id="answers to the only question may be alternatives"),
        pytest.param(said("uauaa", *"QARBC", rejected=Turn("assistant", "D")), id="the chosen answer"),
        pytest.param(said("uauaa", *"QARBC", label=False), id="the labelled answer"),
        pytest.param(said("uauaa", *"QAR", f"{OPEN}\nT\n{CLOSE}\n\nB", "C"), id="reasoning"),
        pytest.param(said("uauaa", *"QARB", ""), id="an empty answer"),
        pytest.param(said("uatt", *"QA12"), id="results of parallel calls"),
    ],
)
def test_what_may_be_more_than_parts_of_one_text_stays(given):
    number = len(given.turns)
    normalise(given)
    assert len(given.turns) == number
    assert "turns_joined" not in given.repairs


@pytest.mark.parametrize(("mark", "value"), [("calls", "[]"), ("learn", False)])
def test_a_call_and_an_answer_that_is_not_learnt_stay(mark, value):
    given = said("uaaua", *"QABRC")
    setattr(given.turns[1], mark, value)
    normalise(given)
    assert [turn.role for turn in given.turns] == ["user", "assistant", "assistant", "user", "assistant"]
