"""Splits, on ledgers made by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.convert import ledger
from lf_qwen3.data.convert.splits import split_records
from tests.data.convert.ledgers import dialogues, make, spread


def test_split_counts_are_exact_and_stratified():
    lines = make([(spread(n), n, n % 4 == 0) for n in range(1000)])
    parts = split_records(lines, range(1000), val=0.1, test=50)
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 850, "val": 100, "test": 50}
    assert {name: sum(lines.thinking[row] for row in parts[name]) for name in parts} == {
        "train": 213,
        "val": 25,
        "test": 12,
    }


@given(
    kinds=st.lists(st.booleans(), min_size=4, max_size=60), val=st.integers(0, 20), test=st.integers(0, 20)
)
def test_every_split_has_its_share_of_thinking_rows_of_those_that_are_left(kinds, val, test):
    lines = make([(spread(n), n, thinks) for n, thinks in enumerate(kinds)])
    if val + test >= len(kinds):
        return
    parts = split_records(lines, range(len(kinds)), val, test)
    thinking, rows = sum(kinds), len(kinds)
    for name, size in (("test", test), ("val", val)):
        if size:
            due = round(size * thinking / rows)
            assert len(parts[name]) == size
            assert sum(lines.thinking[row] for row in parts[name]) == due
            thinking, rows = thinking - due, rows - size


def test_sizes_are_source_rows_however_many_records_they_have():
    lines = dialogues(*["ppp", "p", "pp", "ptp"] * 25)
    parts = split_records(lines, range(len(lines)), val=8, test=0.12)
    counts = {name: ledger.count_rows(lines, records) for name, records in parts.items()}
    assert counts == {"train": 80, "val": 8, "test": 12}
    assert sorted(record for part in parts.values() for record in part) == list(range(len(lines)))
    thinking = {name: sum(lines.thinking[record] for record in part) for name, part in parts.items()}
    assert thinking == {"train": 20, "val": 2, "test": 3}, "a row of which a record thinks is one that thinks"


def test_a_row_without_its_first_record_is_a_row_still():
    lines = dialogues("tp", "pp", "pp", "tp")
    records = [1, 2, 3, 5, 7]
    assert ledger.count_rows(lines, records) == 4
    parts = split_records(lines, records, val=1, test=2)
    assert {name: ledger.count_rows(lines, part) for name, part in parts.items()} == {
        "train": 1,
        "val": 1,
        "test": 2,
    }


def test_the_rows_of_the_lowest_question_hashes_are_held_out():
    lines = make([(spread(n), n, False) for n in range(200)])
    parts = split_records(lines, range(200), val=30, test=20)
    order = sorted(range(200), key=lambda row: lines.question[row])
    assert (list(parts["test"]), list(parts["val"])) == (sorted(order[:20]), sorted(order[20:50]))


def test_a_question_with_and_without_thinking_counts_as_thinking_and_is_not_torn():
    shared = [(spread(n), 2 * n + thinks, thinks) for n in range(20) for thinks in (True, False)]
    lines = make([*shared, *((spread(n), 0, False) for n in range(20, 80))])
    parts = split_records(lines, range(100), val=50, test=0)
    in_val = {lines.question[row] for row in parts["val"]}
    assert len(parts["val"]) == 50
    assert sum(row < 40 for row in parts["val"]) == 20
    assert not in_val & {lines.question[row] for row in parts["train"]}


@pytest.mark.parametrize(
    ("share", "rows", "size"),
    [(0.001, 10, 1), (0.04, 10, 1), (0.19, 10, 2), (0.25, 10, 2), (0.5, 9, 4), (3, 10, 3)],
)
def test_a_share_is_rounded_and_at_least_one_row(share, rows, size):
    lines = make([(spread(n), n, False) for n in range(rows)])
    assert len(split_records(lines, range(rows), val=share, test=0)["val"]) == size
    assert len(split_records(lines, range(rows), val=0, test=share)["test"]) == size


def test_a_group_that_does_not_fit_is_passed_over():
    lines = make([*((1 << 60, n, False) for n in range(6)), *((n << 61, n, False) for n in range(1, 5))])
    assert list(split_records(lines, range(10), val=3, test=0)["val"]) == [6, 7, 8]


@pytest.mark.parametrize("thinks", [True, False], ids=["thinking", "plain"])
def test_what_one_split_could_not_take_is_left_for_the_next(thinks):
    threes = [(spread(n), n, thinks) for n in range(10) for _ in range(3)]
    singles = [(spread(n), n, not thinks) for n in range(10, 40)]
    parts = split_records(make([*threes, *singles]), range(60), val=29, test=10)
    counts = {name: sum(row < 30 for row in parts[name]) for name in ("test", "val")}
    assert counts == {"test": 3, "val": 15}, "5 of 10 are due, 3 fit; then 27 of 52 are left"
    assert (len(parts["test"]), len(parts["val"])) == (8, 29)


def test_nothing_is_split_where_nothing_is_asked_for():
    assert split_records(make([]), range(0), val=0, test=0) == {"train": range(0)}


def test_a_split_that_leaves_nothing_to_train_on_is_refused():
    with pytest.raises(UsageError) as caught:
        split_records(make([(n, n, 0) for n in range(10)]), range(10), val=5, test=5)
    assert caught.value.code == "split_too_large"
    assert "5 test and 5 val" in caught.value.message
    assert len(split_records(make([(n, n, 0) for n in range(10)]), range(10), val=5, test=4)["train"]) == 1


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
    parts = split_records(lines, range(len(rows)), val, test)
    assert sorted(row for part in parts.values() for row in part) == list(range(len(rows)))
    assert all(list(part) == sorted(part) for part in parts.values())
    questions = [{lines.question[row] for row in part} for part in parts.values()]
    assert sum(map(len, questions)) == len(set().union(*questions))


def test_what_a_model_wrote_is_never_held_out_nor_its_question():
    lines = make([(spread(n % 80), n, 0) for n in range(100)])  # questions 0 to 19 stand there twice
    lines.generated.extend(range(40))
    parts = split_records(lines, range(100), val=0.25, test=10)
    assert {name: len(part) for name, part in parts.items()} == {"train": 80, "val": 10, "test": 10}
    assert min(*parts["val"], *parts["test"]) >= 40
    assert {lines.question[record] for record in (*parts["val"], *parts["test"])}.isdisjoint(
        lines.question[:40]
    )


def test_of_rows_that_a_model_wrote_alone_none_can_be_held_out():
    lines = make([(spread(n), n, 0) for n in range(10)])
    lines.generated.extend(range(10))
    with pytest.raises(UsageError) as error:
        split_records(lines, range(10), val=0.1, test=0)
    assert error.value.code == "only_generated_rows"
    lines = make([(spread(n), n, 0) for n in range(10)])
    lines.generated.extend(range(8))
    with pytest.raises(UsageError, match="are more than the 2 rows that people wrote") as error:
        split_records(lines, range(10), val=3, test=0)
    assert error.value.code == "split_too_large"


def test_the_rows_that_a_model_wrote_are_counted_on_through_the_parts():
    first, second = make([(1, 1, 0), (2, 2, 0)]), make([(3, 3, 0), (4, 4, 0)])
    first.generated.append(1)
    second.generated.append(0)
    first.extend(second)
    assert list(first.generated) == [1, 2]
