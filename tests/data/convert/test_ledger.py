"""Duplicates, mix and split, on ledgers made by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.convert import ledger
from lf_qwen3.data.convert.ledger import LedgerLine


def line(row, question, answer, thinking, length=10):
    """A ledger line of one record."""
    return LedgerLine(
        spool=0,
        offset=row * 10,
        length=length,
        records=1,
        thinking=int(thinking),
        thinking_size=length * thinking,
        history=False,
        question=question,
        prompt=question,
        answer=answer,
    )


def make(rows):
    """A ledger of (question, answer, thinking) rows; every record is 10 bytes."""
    lines = ledger.Ledger()
    lines.add(line(number, *row) for number, row in enumerate(rows))
    return lines


def spread(number):
    """A hash: another 64-bit number for each number."""
    return number * 0x9E3779B97F4A7C15 % 2**64


def _never(row):
    raise AssertionError(f"the answer of row {row} is read, and no answers differ")


def test_the_first_of_two_duplicates_stays():
    kept, duplicates, conflicts = ledger.drop_duplicates(make([(1, 1, 0), (2, 1, 0), (1, 1, 0)]), _never)
    assert (list(kept), duplicates, conflicts) == ([0, 1], 1, 0)


def test_answers_that_differ_in_form_only_are_duplicates_and_others_conflicts():
    folded = {0: 7, 1: 7, 2: 8}
    kept, duplicates, conflicts = ledger.drop_duplicates(
        make([(1, 1, 0), (1, 2, 0), (1, 3, 0), (5, 1, 0)]), folded.__getitem__
    )
    assert (list(kept), duplicates, conflicts) == ([0, 2, 3], 1, 1)


def test_rows_that_share_no_prompt_are_all_kept():
    kept, duplicates, conflicts = ledger.drop_duplicates(make([(1, 1, 0), (2, 1, 0)]), _never)
    assert (list(kept), duplicates, conflicts) == ([0, 1], 0, 0)


def test_the_conflicts_of_all_prompts_are_counted():
    lines = make([(1, 1, 0), (1, 2, 0), (2, 3, 0), (2, 4, 0), (2, 5, 0)])
    kept, duplicates, conflicts = ledger.drop_duplicates(lines, lines.answer.__getitem__)
    assert (list(kept), duplicates, conflicts) == ([0, 1, 2, 3, 4], 0, 3)


@pytest.mark.parametrize(
    ("thinking", "plain", "share", "left"),
    [
        (30, 30, 0.75, (30, 10)),
        (90, 10, 0.75, (30, 10)),
        (75, 25, 0.75, (75, 25)),
        (10, 10, 1.0, (10, 0)),
        (10, 10, 0.0, (0, 10)),
        (10, 0, 1.0, (10, 0)),
        (0, 10, 0.0, (0, 10)),
    ],
    ids=[
        "too plain",
        "too thinking",
        "right already",
        "thinking only",
        "plain only",
        "all think",
        "none thinks",
    ],
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
        lines.add([line(row, row, row, row % 2, length=90 if row % 2 else 30)])
    mixed = ledger.mix(lines, range(100), 0.75, by)
    plain = sum(not lines.thinking[row] for row in mixed)
    assert plain == {"rows": 17, "tokens": 50}[by]


@pytest.mark.parametrize(("thinking", "kind"), [(1, "plain"), (0, "thinking")])
def test_a_mix_that_lacks_a_kind_is_refused(thinking, kind):
    with pytest.raises(UsageError, match=kind) as caught:
        ledger.mix(make([(1, 1, thinking)]), range(1), 0.5, "rows")
    assert caught.value.code == "mix_lacks_kind"


@pytest.mark.parametrize(
    ("thinking", "plain", "share", "left"),
    [(30, 99, 0.7, (30, 13)), (30, 99, 0.9, (30, 3)), (99, 13, 0.7, (30, 13)), (99, 8, 0.65, (15, 8))],
)
def test_a_mix_is_as_near_to_its_share_as_whole_rows_allow(thinking, plain, share, left):
    lines = make([(n, spread(n), n < thinking) for n in range(thinking + plain)])
    mixed = ledger.mix(lines, range(len(lines)), share, "rows")
    reasoning = sum(lines.thinking[row] for row in mixed)
    assert (reasoning, len(mixed) - reasoning) == left


@pytest.mark.parametrize("thinks", [False, True])
def test_mix_keeps_the_surplus_rows_of_the_lowest_hashes_wherever_they_stand(thinks):
    lines = make([(n, spread(n), thinks ^ (n % 10 == 0)) for n in range(1000)])
    mixed = ledger.mix(lines, range(1000), 0.5, "rows")
    surplus = [row for row in range(1000) if row % 10]
    kept = sorted(surplus, key=lambda row: lines.answer[row])[:100]
    assert sorted(mixed) == sorted([*range(0, 1000, 10), *kept])
    assert 35 < sum(row < 500 for row in kept) < 65


def test_mix_counts_the_plain_records_of_a_dialogue_that_thinks_in_part():
    lines = ledger.Ledger()
    dialogue = line(0, 0, 0, True)._replace(records=3, thinking=1)
    lines.add([dialogue, *(line(row, row, spread(row), False) for row in range(1, 30))])
    assert len(ledger.mix(lines, range(30), 0.1, "rows")) == 1 + 9 - 2
    assert len(ledger.mix(lines, range(30), 0.2, "rows")) == 1 + 4 - 2
    lines = ledger.Ledger()
    lines.add(line(row, row, spread(row), row > 4)._replace(records=1 + 2 * (row > 4)) for row in range(35))
    lines.thinking = lines.thinking.__class__("I", [2 * thinks for thinks in lines.thinking])
    mixed = ledger.mix(lines, range(35), 0.5, "rows")
    assert sum(row > 4 for row in mixed) == 5, "5 dialogues of 2 thinking and 1 plain, beside 5 plain rows"


def test_split_counts_are_exact_and_stratified():
    lines = make([(spread(n), n, n % 4 == 0) for n in range(1000)])
    parts = ledger.split(lines, range(1000), val=0.1, test=50)
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
    parts = ledger.split(lines, range(len(kinds)), val, test)
    thinking, rows = sum(kinds), len(kinds)
    for name, size in (("test", test), ("val", val)):
        if size:
            due = round(size * thinking / rows)
            assert len(parts[name]) == size
            assert sum(lines.thinking[row] for row in parts[name]) == due
            thinking, rows = thinking - due, rows - size


def test_the_rows_of_the_lowest_question_hashes_are_held_out():
    lines = make([(spread(n), n, False) for n in range(200)])
    parts = ledger.split(lines, range(200), val=30, test=20)
    order = sorted(range(200), key=lambda row: lines.question[row])
    assert (list(parts["test"]), list(parts["val"])) == (sorted(order[:20]), sorted(order[20:50]))


def test_a_question_with_and_without_thinking_counts_as_thinking_and_is_not_torn():
    shared = [(spread(n), 2 * n + thinks, thinks) for n in range(20) for thinks in (True, False)]
    lines = make([*shared, *((spread(n), 0, False) for n in range(20, 80))])
    parts = ledger.split(lines, range(100), val=50, test=0)
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
    assert len(ledger.split(lines, range(rows), val=share, test=0)["val"]) == size
    assert len(ledger.split(lines, range(rows), val=0, test=share)["test"]) == size


def test_a_group_that_does_not_fit_is_passed_over():
    lines = make([*((1 << 60, n, False) for n in range(6)), *((n << 61, n, False) for n in range(1, 5))])
    assert list(ledger.split(lines, range(10), val=3, test=0)["val"]) == [6, 7, 8]


@pytest.mark.parametrize("thinks", [True, False], ids=["thinking", "plain"])
def test_what_one_split_could_not_take_is_left_for_the_next(thinks):
    threes = [(spread(n), n, thinks) for n in range(10) for _ in range(3)]
    singles = [(spread(n), n, not thinks) for n in range(10, 40)]
    parts = ledger.split(make([*threes, *singles]), range(60), val=29, test=10)
    counts = {name: sum(row < 30 for row in parts[name]) for name in ("test", "val")}
    assert counts == {"test": 3, "val": 15}, "5 of 10 are due, 3 fit; then 27 of 52 are left"
    assert (len(parts["test"]), len(parts["val"])) == (8, 29)


def test_nothing_is_split_where_nothing_is_asked_for():
    assert ledger.split(make([]), range(0), val=0, test=0) == {"train": range(0)}


def test_a_split_that_leaves_nothing_to_train_on_is_refused():
    with pytest.raises(UsageError) as caught:
        ledger.split(make([(n, n, 0) for n in range(10)]), range(10), val=5, test=5)
    assert caught.value.code == "split_too_large"
    assert "5 test and 5 val" in caught.value.message
    assert len(ledger.split(make([(n, n, 0) for n in range(10)]), range(10), val=5, test=4)["train"]) == 1


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


def test_every_column_of_a_ledger_is_kept():
    small, large = 2**32, 2**64
    values = LedgerLine(
        spool=small - 1,
        offset=large - 1,
        length=large - 2,
        records=small - 2,
        thinking=small - 3,
        thinking_size=large - 3,
        history=True,
        question=large - 4,
        prompt=large - 5,
        answer=large - 6,
    )
    lines = ledger.Ledger()
    lines.add([])
    lines.add([values])
    assert [getattr(lines, column)[0] for column in LedgerLine._fields] == list(values)
    assert len(lines) == 1
