"""Parts and cut: what is counted is what is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.qwen3.thinking import CLOSE, frame
from lf_qwen3.trainer.render import MASKED, Template
from lf_qwen3.trainer.render.cut import Lengths, Marks, TurnTokens, assemble, fit, fit_turns

MARKS = Marks(open=1, close=2, end=3)
tokens = st.lists(st.integers(1, 9), max_size=30)
turns = st.lists(st.builds(TurnTokens, tokens, tokens, st.booleans(), st.booleans()), max_size=4)


@pytest.mark.parametrize(
    ("prompt", "answer", "room", "kept"),
    [
        pytest.param(10, 10, 100, (10, 10), id="room for both"),
        pytest.param(200, 10, 100, (90, 10), id="a short answer is kept whole"),
        pytest.param(10, 200, 100, (10, 90), id="a short prompt is kept whole"),
        pytest.param(150, 50, 100, (75, 25), id="both long, both shrink alike"),
        pytest.param(5, 5, 1, (1, 0), id="one token"),
    ],
)
def test_a_turn_is_fitted_as_the_trainer_fits_it(prompt: int, answer: int, room: int, kept: Lengths):
    assert fit(prompt, answer, room) == kept


@given(turns=turns, cutoff_len=st.integers(1, 200), last_first=st.booleans())
def test_pieces_tile_what_is_fed(turns, cutoff_len, last_first):
    encoded = assemble(turns, fit_turns(turns, cutoff_len, last_first), MARKS)
    assert len(encoded.input_ids) == len(encoded.labels) <= cutoff_len
    at = 0
    for piece in encoded.pieces:
        assert piece.start == at
        assert 0 <= piece.stop - piece.start <= piece.whole
        at = piece.stop
    assert at == len(encoded.input_ids)
    assert encoded.length == sum(len(turn.prompt) + len(turn.answer) for turn in turns)
    if encoded.length <= cutoff_len:
        assert not encoded.is_cut
    assert encoded.learnt == sum(label != MASKED for label in encoded.labels)


@given(turns=turns)
def test_nothing_is_lost_where_nothing_is_cut(turns):
    encoded = assemble(turns, fit_turns(turns, 10_000, last_first=False), MARKS)
    assert (encoded.is_cut, encoded.lost_close, encoded.lost_end) == (False, False, False)


def conversation(thinking, answer):
    return [{"role": "user", "content": "Q"}, {"role": "assistant", "content": frame(thinking, answer)}]


def test_parts_are_prompt_thinking_and_answer(bytes_):
    encoded = Template(enable_thinking=None).encode(bytes_, conversation("R" * 5, "A" * 7))
    assert encoded.count("thinking") == len("\nRRRRR\n") + 2
    assert encoded.count("answer") == len("\n\n") + 7 + len("<|im_end|>\n".replace("<|im_end|>", "x"))
    assert encoded.count("prompt") == encoded.length - encoded.learnt


@pytest.mark.parametrize(
    ("spare", "lost_close", "lost_end"),
    [
        pytest.param(0, False, False, id="whole"),
        pytest.param(1, False, False, id="the last line end"),
        pytest.param(2, False, True, id="the end token"),
        pytest.param(50, False, True, id="half of the answer"),
        pytest.param(150, True, True, id="the closing tag"),
    ],
)
def test_what_the_cut_takes_is_told(bytes_, spare, lost_close, lost_end):
    made = conversation("R" * 100, "A" * 100)
    length = Template(enable_thinking=None).encode(bytes_, made).length
    encoded = Template(enable_thinking=None, cutoff_len=length - spare).encode(bytes_, made)
    assert (encoded.lost_close, encoded.lost_end) == (lost_close, lost_end)
    assert encoded.is_cut == (spare > 0)


def test_a_masked_answer_loses_nothing(bytes_):
    made = [*conversation("R" * 100, "A" * 300), *conversation("R", "A")]
    encoded = Template(enable_thinking=None, mask_history=True, cutoff_len=100).encode(bytes_, made)
    assert (encoded.is_cut, encoded.lost_close, encoded.lost_end) == (True, False, False)


def test_an_answer_without_its_tags_is_told_apart_all_the_same(bytes_):
    made = conversation(None, f"R{CLOSE}A")
    encoded = Template(enable_thinking=None).encode(bytes_, made)
    assert [piece.part for piece in encoded.pieces] == ["prompt", "thinking", "answer"]
