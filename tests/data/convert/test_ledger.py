"""Duplicates and mix, on ledgers made by hand."""

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.convert import ledger
from lf_qwen3.data.convert.keys import AnswerKeys
from lf_qwen3.data.convert.ledger import LedgerLine
from tests.data.convert.ledgers import dialogues, line, make, spread


def _never(row):
    raise AssertionError(f"the answer of row {row} is read, and no answers differ")


def test_the_first_of_two_duplicates_stays():
    kept, duplicates, conflicts = ledger.drop_duplicates(make([(1, 1, 0), (2, 1, 0), (1, 1, 0)]), _never)
    assert (list(kept), duplicates, conflicts) == ([0, 1], 1, 0)


def test_answers_that_differ_in_form_only_are_duplicates_and_others_conflicts():
    folded = {0: AnswerKeys(7, 7), 1: AnswerKeys(7, 7), 2: AnswerKeys(8, 8)}
    kept, duplicates, conflicts = ledger.drop_duplicates(
        make([(1, 1, 0), (1, 2, 0), (1, 3, 0), (5, 1, 0)]), folded.__getitem__
    )
    assert (list(kept), duplicates, conflicts) == ([0, 2, 3], 1, 1)


def test_the_same_answer_after_another_reasoning_is_neither_a_duplicate_nor_a_conflict():
    folded = [AnswerKeys(1, 9), AnswerKeys(2, 9), AnswerKeys(3, 8), AnswerKeys(2, 9), AnswerKeys(4, 8)]
    lines = make([(1, answer, 1) for answer in range(5)])
    kept, duplicates, conflicts = ledger.drop_duplicates(lines, folded.__getitem__)
    assert (list(kept), duplicates, conflicts) == ([0, 1, 2, 4], 1, 1)


def test_a_row_may_lose_one_of_its_records():
    lines = dialogues("pp", "pp", "p")
    lines.prompt[2], lines.answer[2] = lines.prompt[0], lines.answer[0]
    lines.prompt[4], lines.answer[4] = lines.prompt[3], lines.answer[3]
    kept, duplicates, _ = ledger.drop_duplicates(lines, _never)
    assert (list(kept), duplicates, ledger.count_rows(lines, kept)) == ([0, 1, 3], 2, 2)


def test_rows_that_share_no_prompt_are_all_kept():
    kept, duplicates, conflicts = ledger.drop_duplicates(make([(1, 1, 0), (2, 1, 0)]), _never)
    assert (list(kept), duplicates, conflicts) == ([0, 1], 0, 0)


def test_the_conflicts_of_all_prompts_are_counted():
    lines = make([(1, 1, 0), (1, 2, 0), (2, 3, 0), (2, 4, 0), (2, 5, 0)])
    kept, duplicates, conflicts = ledger.drop_duplicates(
        lines, lambda record: AnswerKeys(lines.answer[record], lines.answer[record])
    )
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
    lines = dialogues("tpp", *"p" * 29)
    assert ledger.count_rows(lines, ledger.mix(lines, range(32), 0.1, "rows")) == 1 + 9 - 2
    assert ledger.count_rows(lines, ledger.mix(lines, range(32), 0.2, "rows")) == 1 + 4 - 2
    lines = dialogues(*"ppppp", *["ptt"] * 30)
    mixed = ledger.mix(lines, range(len(lines)), 0.5, "rows")
    assert sum(record > 4 for record in mixed) == 3 * 5, "5 dialogues of 2 thinking and 1 plain, 5 plain rows"


def test_mix_leaves_out_the_records_of_a_row_together_and_weighs_those_that_are_there():
    lines = dialogues(*["pp"] * 20, *"t" * 10)
    records = [record for record in range(50) if record >= 40 or record % 4 != 1]
    mixed = ledger.mix(lines, records, 0.5, "rows")
    assert sum(lines.thinking[record] for record in mixed) == 10
    assert sum(record < 40 for record in mixed) in (9, 10), (
        "rows of an odd number have two records left, the others one"
    )
    left = {lines.row[record] for record in records} - {lines.row[record] for record in mixed}
    assert list(mixed) == [record for record in records if lines.row[record] not in left]


def test_mix_orders_the_rows_by_the_first_of_their_records():
    lines = dialogues(*["pp"] * 40, *"t" * 20)
    mixed = ledger.mix(lines, range(100), 0.5, "rows")
    order = sorted(range(40), key=lambda row: lines.answer[2 * row])
    assert {lines.row[record] for record in mixed if record < 80} == set(order[:10])


def test_lines_of_parts_follow_one_another():
    first, second = dialogues("pt", "p"), dialogues("t", "pp")
    lines = ledger.Ledger()
    for part in (first, second, dialogues()):
        lines.extend(part)
    assert {name: list(getattr(lines, name)) for name in ("row", "thinking")} == {
        "row": [0, 0, 1, 2, 3, 3],
        "thinking": [0, 1, 0, 1, 0, 0],
    }
    assert list(lines.answer) == [*first.answer, *second.answer]
    assert (lines.rows, first.rows, ledger.Ledger().rows) == (4, 2, 0)


def test_every_column_of_a_ledger_is_kept():
    small, large = 2**32, 2**64
    values = LedgerLine(
        spool=small - 1,
        row=small - 2,
        offset=large - 1,
        length=large - 2,
        thinking=True,
        history=False,
        question=large - 4,
        prompt=large - 5,
        answer=large - 6,
    )
    lines = ledger.Ledger()
    lines.add([])
    lines.add([values])
    assert [getattr(lines, column)[0] for column in LedgerLine._fields] == list(values)
    assert len(lines) == 1
