"""Duplicates, mix and split, on ledgers made by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.convert import ledger


def make(rows):
    """A ledger of (question, answer, thinking) rows; every record is 10 bytes."""
    lines = ledger.Ledger()
    lines.add(
        (0, row * 10, 10, 1, thinking, 10 * thinking, 0, question, question, answer)
        for row, (question, answer, thinking) in enumerate(rows)
    )
    return lines


def test_the_first_of_two_duplicates_stays():
    kept, duplicates, conflicts = ledger.drop_duplicates(make([(1, 1, 0), (2, 1, 0), (1, 1, 0)]), pytest.fail)
    assert (list(kept), duplicates, conflicts) == ([0, 1], 1, 0)


def test_answers_that_differ_in_form_only_are_duplicates_and_others_conflicts():
    folded = {0: 7, 1: 7, 2: 8}
    kept, duplicates, conflicts = ledger.drop_duplicates(
        make([(1, 1, 0), (1, 2, 0), (1, 3, 0), (5, 1, 0)]), folded.__getitem__
    )
    assert (list(kept), duplicates, conflicts) == ([0, 2, 3], 1, 1)


@pytest.mark.parametrize(
    ("thinking", "plain", "share", "left"),
    [
        (30, 30, 0.75, (30, 10)),
        (90, 10, 0.75, (30, 10)),
        (75, 25, 0.75, (75, 25)),
        (10, 10, 1.0, (10, 0)),
        (10, 10, 0.0, (0, 10)),
        (10, 0, 1.0, (10, 0)),
    ],
    ids=["too plain", "too thinking", "right already", "thinking only", "plain only", "nothing to leave out"],
)
def test_mix_leaves_out_the_surplus(thinking, plain, share, left):
    lines = make([(n, n * 7919 % 1009, n < thinking) for n in range(thinking + plain)])
    mixed = ledger.mix(lines, range(len(lines)), share, "rows")
    reasoning = sum(lines.thinking[row] for row in mixed)
    assert (reasoning, len(mixed) - reasoning) == left
    assert list(mixed) == sorted(mixed)


@pytest.mark.parametrize("by", ["rows", "tokens"])
def test_mix_by_tokens_weighs_long_records_more(by):
    lines = ledger.Ledger()
    for row in range(100):
        thinking = row % 2
        length = 90 if thinking else 30
        lines.add([(0, 0, length, 1, thinking, length * thinking, 0, row, row, row)])
    mixed = ledger.mix(lines, range(100), 0.75, by)
    plain = sum(not lines.thinking[row] for row in mixed)
    assert plain == {"rows": 17, "tokens": 50}[by]


@pytest.mark.parametrize(("thinking", "kind"), [(1, "plain"), (0, "thinking")])
def test_a_mix_that_lacks_a_kind_is_refused(thinking, kind):
    with pytest.raises(UsageError, match=f"no {kind} records"):
        ledger.mix(make([(1, 1, thinking)]), range(1), 0.5, "rows")


def test_split_counts_are_exact_and_stratified():
    lines = make([(n * 2654435761 % 2**32 << 32, n, n % 4 == 0) for n in range(1000)])
    parts = ledger.split(lines, range(1000), val=0.1, test=50)
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 850, "val": 100, "test": 50}
    for name, thinking in (("val", 25), ("test", 12)):
        assert sum(lines.thinking[row] for row in parts[name]) == pytest.approx(thinking, abs=1)


def test_a_split_that_leaves_nothing_to_train_on_is_refused():
    with pytest.raises(UsageError, match="leave none of 10"):
        ledger.split(make([(n, n, 0) for n in range(10)]), range(10), val=5, test=5)


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 30).map(lambda n: n << 59), st.integers(0, 3), st.booleans()),
        min_size=6,
        max_size=80,
    ),
    val=st.sampled_from([0, 0.1, 0.3, 2]),
    test=st.sampled_from([0, 0.2, 1]),
)
def test_every_row_lands_in_one_split_and_no_question_in_two(rows, val, test):
    lines = make(rows)
    parts = ledger.split(lines, range(len(rows)), val, test)
    assert sorted(row for part in parts.values() for row in part) == list(range(len(rows)))
    assert all(list(part) == sorted(part) for part in parts.values())
    questions = [{lines.question[row] for row in part} for part in parts.values()]
    assert sum(map(len, questions)) == len(set().union(*questions))


def test_lines_of_parts_follow_one_another():
    first, second = make([(1, 2, 0)]), make([(3, 4, 1)])
    first.extend(second)
    assert {name: list(getattr(first, name)) for name in ("question", "answer", "thinking")} == {
        "question": [1, 3],
        "answer": [2, 4],
        "thinking": [0, 1],
    }
