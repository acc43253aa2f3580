"""Parts and cut: what is counted is what is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.qwen3.thinking import CLOSE, frame
from lf_qwen3.trainer.render import MASKED, Template
from lf_qwen3.trainer.render.cut import Marks, TurnTokens, assemble, fit, fit_turns, thinking_span

MARKS = Marks(open=1, close=2, end=3)
tokens = st.lists(st.integers(1, 9), max_size=30)
turns = st.lists(st.builds(TurnTokens, tokens, tokens, st.booleans(), st.booleans()), max_size=4)


TRAINERS_OWN = """\
0 0 1 0 0, 1 0 1 1 0, 0 1 1 0 1, 1 1 1 1 0, 0 2 1 0 1, 2 0 1 1 0, 3 1 1 1 0, 1 3 1 1 0, 0 3 1 0 1,
1 1 2 1 1, 2 1 2 2 0, 1 2 2 1 1, 0 4 2 0 2, 4 0 2 2 0, 6 2 2 2 0, 2 6 2 1 1, 1 6 2 1 1, 3 3 7 3 3,
4 3 7 4 3, 3 4 7 3 4, 4 4 7 4 3, 0 14 7 0 7, 14 0 7 7 0, 21 7 7 6 1, 7 21 7 2 5, 3 21 7 3 4, 3 7 7 3 4,
50 50 100 50 50, 51 50 100 51 49, 50 51 100 50 50, 0 200 100 0 100, 200 0 100 100 0, 300 100 100 75 25,
100 300 100 25 75, 50 300 100 15 85, 50 100 100 34 66, 50 50 101 50 50, 51 50 101 51 50,
50 51 101 50 51, 51 51 101 51 50, 0 202 101 0 101, 202 0 101 101 0, 303 101 101 76 25,
101 303 101 26 75, 50 303 101 50 51, 50 101 101 50 51, 77 202 100 28 72, 395 593 2048 395 593,
771 2995 2048 771 1277, 475 4156 2048 475 1573, 4 11 33 4 11, 214 35 100 65 35, 11 70 33 11 22,
30 289 100 30 70, 28 80 33 9 24, 4775 506 2048 1542 506, 4796 3249 2048 1221 827, 28 5 33 28 5,
1090 2372 2048 645 1403, 73 276 100 21 79, 73 39 33 22 11, 5586 1480 2048 1620 428, 74 73 33 17 16,
1539 3050 2048 687 1361, 70 91 33 15 18, 72 7 33 26 7, 1687 4066 2048 601 1447,
4355 3502 2048 1136 912, 238 299 100 45 55, 185 153 100 55 45, 23 89 33 7 26, 10 73 33 10 23,
268 253 100 52 48, 229 147 100 61 39, 599 967 2048 599 967, 3425 1351 2048 1469 579, 77 250 100 24 76,
20 39 100 20 39, 4694 2570 2048 1324 724, 179 254 100 42 58, 3737 563 2048 1485 563, 34 60 33 12 21,
5440 532 2048 1516 532, 93 89 33 17 16, 295 228 100 57 43, 197 177 100 53 47, 59 45 33 19 14,
78 14 33 19 14, 30 111 100 30 70, 66 126 100 35 65, 200 254 100 45 55, 21 57 33 9 24,
281 142 100 67 33, 55 70 33 15 18, 212 183 100 54 46, 3116 1890 2048 1275 773, 10 22 33 10 22,
29 84 33 9 24, 1 62 33 1 32, 1493 2152 2048 839 1209, 2 74 100 2 74, 273 189 100 60 40
"""
"""What `infer_seqlen` of llamafactory 0.9.5 gives: prompt, answer and room, then what is kept of the two."""

FITTED = [tuple(map(int, row.split())) for row in TRAINERS_OWN.replace("\n", " ").split(",") if row.strip()]


def test_a_turn_is_fitted_as_the_trainer_fits_it():
    assert len(FITTED) > 80
    assert {row: fit(*row[:3]) for row in FITTED} == {row: row[3:] for row in FITTED}


@pytest.mark.llamafactory
def test_the_table_is_the_trainers_own():
    from llamafactory.data.processor.processor_utils import infer_seqlen

    assert {row: infer_seqlen(*row[:3]) for row in FITTED} == {row: row[3:] for row in FITTED}


def turn(prompt, answer, learns_prompt=False, learns_answer=True):
    return TurnTokens(prompt, answer, learns_prompt, learns_answer)


@pytest.mark.parametrize(
    ("last_first", "kept"),
    [(False, [(2, 2), (1, 1), (0, 0)]), (True, [(0, 0), (1, 1), (2, 2)])],
    ids=["from the first", "from the last"],
)
def test_a_turn_that_finds_no_room_is_left_out(last_first, kept):
    assert fit_turns([turn([5, 5], [6, 6])] * 3, 6, last_first) == kept


def test_a_turn_that_fills_the_room_leaves_none():
    assert fit_turns([turn([5], [6]), turn([5], [6])], 2, last_first=False) == [(1, 1), (0, 0)]
    assert fit_turns([turn([5], [6]), turn([], [])], 2, last_first=False) == [(1, 1), (0, 0)]


@pytest.mark.parametrize(
    ("answer", "kept", "options", "lost"),
    [
        pytest.param([1, 8, 2, 9, 3], (1, 5), {}, (False, False), id="whole"),
        pytest.param([1, 8, 2, 9, 3], (1, 4), {}, (False, True), id="end"),
        pytest.param([1, 8, 2, 9, 3], (1, 2), {}, (True, True), id="both"),
        pytest.param([1, 8, 2, 9, 3], (1, 1), {}, (True, True), id="as much of the prompt as of the answer"),
        pytest.param([1, 8, 2, 9, 2], (1, 3), {}, (False, False), id="a second closing tag"),
        pytest.param([1, 8, 2, 9, 3], (0, 0), {}, (False, False), id="nothing kept"),
        pytest.param([1, 8, 2, 9, 3], (1, 0), {}, (True, True), id="the prompt kept"),
        pytest.param([1, 8, 2, 9, 3], (1, 2), {"learns_answer": False}, (False, False), id="masked"),
    ],
)
def test_what_was_cut_off_counts_where_it_was_to_be_learnt(answer, kept, options, lost):
    encoded = assemble([turn([7], answer, **options)], [kept], MARKS)
    assert (encoded.lost_close, encoded.lost_end) == lost


@pytest.mark.parametrize("first", [0, 1])
def test_one_turn_that_loses_its_marks_is_enough(first):
    turns = [turn([7], [1, 8, 2, 3]), turn([7], [1, 2, 3, 9])]
    kept = [(1, 2), (1, 3)]  # the first loses both, the second only what stands behind them
    if first:
        turns.reverse(), kept.reverse()
    encoded = assemble(turns, kept, MARKS)
    assert (encoded.lost_close, encoded.lost_end) == (True, True)


def test_labels_and_pieces_of_two_cut_turns():
    turns = [turn([7, 7], [9, 1, 8, 2, 6], learns_prompt=True), turn([7], [6, 6], learns_answer=False)]
    encoded = assemble(turns, [(1, 4), (1, 1)], MARKS)
    assert encoded.input_ids == [7, 9, 1, 8, 2, 7, 6]
    assert encoded.labels == [7, 9, 1, 8, 2, MASKED, MASKED]
    assert (encoded.learnt, encoded.length, encoded.is_cut) == (5, 10, True)
    assert [tuple(piece) for piece in encoded.pieces] == [
        ("prompt", 0, 0, 1, 2),
        ("answer", 0, 1, 2, 1),
        ("thinking", 0, 2, 5, 3),
        ("answer", 0, 5, 5, 1),
        ("prompt", 1, 5, 6, 1),
        ("answer", 1, 6, 7, 2),
    ]
    assert [encoded.count(part) for part in ("prompt", "thinking", "answer")] == [3, 3, 4]


@pytest.mark.parametrize(
    ("answer", "span"),
    [
        pytest.param([9, 9], (0, 0), id="none"),
        pytest.param([9, 1, 8, 2, 6], (1, 4), id="whole"),
        pytest.param([9, 8, 2, 6], (0, 3), id="not opened"),
        pytest.param([9, 1, 8], (1, 3), id="not closed"),
        pytest.param([9, 2, 1, 8], (0, 2), id="closed before it opens"),
        pytest.param([2, 1], (0, 1), id="closed at once"),
    ],
)
def test_where_the_thinking_lies(answer, span):
    assert thinking_span(answer, MARKS) == span


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
