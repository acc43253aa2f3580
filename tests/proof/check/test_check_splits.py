"""Records that stand in two splits, or nearly."""

import pytest

from lf_qwen3.data.convert.keys import fold
from lf_qwen3.proof.check import near_duplicates
from lf_qwen3.proof.check.duplicates import pair_splits
from lf_qwen3.proof.check.near_duplicates import (
    NearDuplicateIndex,
    RecordPlace,
    may_be_near,
    minhash,
    pick_beginnings,
)
from tests.proof.check.split_findings import findings, places, record

LONG = " ".join(f"The {at}th stop of this long line is called {at * 7919 % 1000}." for at in range(60))


@pytest.mark.parametrize("held", ["a_val", "a_test", "a_dev"])
def test_leak_into_a_held_out_split(tmp_path, held):
    report = findings(
        tmp_path, a_train=[record(), record("Who?")], **{held: [record("Why?"), record("who?")]}
    )
    assert places(report) == [("leak", f"{held}.jsonl", 2)]
    assert "row 2 of a_train" in next(iter(report.findings)).message


def test_question_with_another_answer(tmp_path):
    report = findings(tmp_path, a_train=[record()], a_val=[record(answer="It is a tree.")])
    assert places(report) == [("question_leak", "a_val.jsonl", 1)]


def test_splits_of_other_datasets_are_not_compared(tmp_path):
    assert places(findings(tmp_path, a_train=[record()], b_val=[record()])) == []


def test_near_duplicate(tmp_path):
    pytest.importorskip("rensa")
    changed = LONG.replace("12th", "twelfth")
    other = LONG[::-1]
    report = findings(
        tmp_path,
        a_train=[record("Who?"), record("What are the stops?", LONG)],
        a_val=[record("Which are the stops?", changed), record("And backwards?", other)],
    )
    assert places(report) == [("near_leak", "a_val.jsonl", 1)]
    assert report.findings[0].detail.endswith("to row 2 of a_train")


def test_without_the_library_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(near_duplicates, "is_available", lambda: False)
    report = findings(tmp_path, a_train=[record("Who?")], a_val=[record()])
    assert report.is_clean
    assert [
        note for note in report.notes if "near-duplicates" in note and 'pip install "lf-qwen3[check]"' in note
    ]


def test_a_yaml_tells_what_is_held_out():
    assert pair_splits(["a", "b", "a_val"], also=[("b", "a"), ("c", "a")]) == [("b", "a"), ("a_val", "a")]


def test_similarity_falls_with_the_changes():
    pytest.importorskip("rensa")
    index = NearDuplicateIndex()
    index.add(RecordPlace(0, 7, 0), minhash(fold(LONG)))
    assert [duplicate.place.row for duplicate in index.take_similar(minhash(fold(LONG + " And so on.")))] == [
        7
    ]
    assert list(index.take_similar(minhash(fold(LONG)))) == []  # told once
    assert minhash(fold("Too short.")) is None


def one(**changes):
    return {**record(), **changes}


NOTES = {
    "system": {"prompt": "instruction", "response": "output", "system": "note"},
    "tools": {"prompt": "instruction", "response": "output", "tools": "note"},
}
TOOLS = ['[{"name": "f", "parameters": {}}]', '[{"name": "g", "parameters": {}}]']


@pytest.mark.parametrize("column", NOTES)
def test_records_that_differ_by_system_or_tools_are_no_duplicates(tmp_path, column):
    first, second = TOOLS
    rows = [one(note=first), one(note=second), one(note=first)]
    report = findings(tmp_path, columns=NOTES[column], a=rows)
    assert places(report) == [("duplicate", "a.jsonl", 3)]


@pytest.mark.parametrize("column", NOTES)
def test_a_question_under_another_system_is_a_question_leak(tmp_path, column):
    first, second = TOOLS
    report = findings(tmp_path, columns=NOTES[column], a_train=[one(note=first)], a_val=[one(note=second)])
    assert places(report) == [("question_leak", "a_val.jsonl", 1)]


def test_a_leak_is_reported_once_for_each_held_out_record(tmp_path):
    report = findings(tmp_path, a_train=[record(), record()], a_val=[record("Who?"), record(), record()])
    assert [code_place for code_place in places(report) if code_place[0] == "leak"] == [
        ("leak", "a_val.jsonl", 2),
        ("leak", "a_val.jsonl", 3),
    ]
    assert {found.detail for found in report.findings if found.code == "leak"} == {"row 1 of a_train"}
    assert "question_leak" not in report.counts


def test_texts_to_continue_leak_by_the_whole_text_alone(tmp_path):
    texts = {"a_train": ["A stone lies here.", "A tree."], "a_val": ["A house.", "A  tree."]}
    rows = {name: [{"text": text} for text in several] for name, several in texts.items()}
    report = findings(tmp_path, columns={"prompt": "text"}, **rows)
    assert places(report) == [("leak", "a_val.jsonl", 2)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a_train", "a", "a_val"], [("a_val", "a_train"), ("a_val", "a")]),
        (["a_train", "a_valid"], [("a_valid", "a_train")]),
        (["a_train", "a_validation"], [("a_validation", "a_train")]),
        (["a_train", "a_eval"], [("a_eval", "a_train")]),
        (["a_train", "a_test", "a_val"], [("a_test", "a_train"), ("a_val", "a_train")]),
        (["a_b_train", "a_b_val"], [("a_b_val", "a_b_train")]),
        (["a_train", "b_val", "a_values", "val", "_val"], []),
        (["a_train", "a"], []),
    ],
    ids=["both", "valid", "validation", "eval", "two", "long stem", "none", "no held-out"],
)
def test_names_say_which_splits_belong_together(names, expected):
    assert pair_splits(names) == expected


def test_a_yaml_may_pair_the_only_two_datasets():
    assert pair_splits(["a", "b"], also=[("b", "a")]) == [("b", "a")]


def test_a_pair_is_taken_once_and_only_of_two_known_names():
    also = [("a_val", "a_train"), ("a_train", "a_train"), ("a_val", "gone")]
    assert pair_splits(["a_train", "a_val"], also) == [("a_val", "a_train")]


def texts_alike(share):
    """Return a long text, and one of the same length of which only a share is the same."""
    words = [f"{at * 7919 % 99991} is the number of house {at * 31 % 977} here." for at in range(200)]
    changed = [f"{at * 104729 % 99991} was a name in street {at * 17 % 983} then." for at in range(200)]
    kept = round(len(words) * share)
    return fold("\n".join(words)), fold("\n".join(words[:kept] + changed[kept:]))


@pytest.mark.parametrize(("share", "is_near"), [(1.0, True), (0.95, True), (0.7, False), (0.0, False)])
def test_near_is_what_shares_four_fifths(share, is_near):
    pytest.importorskip("rensa")
    index = NearDuplicateIndex()
    first, second = texts_alike(share)
    index.add(RecordPlace(0, 3, 0), minhash(first))
    near = list(index.take_similar(minhash(second)))
    assert [duplicate.place.row for duplicate in near] == [3] * is_near
    assert all(0.8 <= duplicate.similarity <= 0.99 for duplicate in near)


@pytest.mark.parametrize(
    ("share", "size", "may_be"),
    [(1.0, None, True), (0.85, None, True), (0.0, None, False), (0.0, 180, True)],
    ids=["same", "near", "another", "short"],
)
def test_only_what_shares_beginnings_of_sentences_may_be_near(share, size, may_be):
    first, second = texts_alike(share)
    assert may_be_near(second[:size], frozenset(pick_beginnings(first))) == may_be


def test_a_sentence_over_and_over_may_be_near():
    text = fold("And once again the same. " * 40)
    assert may_be_near(text, frozenset(pick_beginnings(text)))


def test_all_held_out_records_that_are_near_are_taken():
    pytest.importorskip("rensa")
    index = NearDuplicateIndex()
    first, _ = texts_alike(1.0)
    index.add(RecordPlace(0, 3, 0), minhash(first))
    index.add(RecordPlace(0, 5, 0), minhash(first))
    assert sorted(duplicate.place.row for duplicate in index.take_similar(minhash(first))) == [3, 5]


@pytest.mark.parametrize(("size", "is_compared"), [(100, False), (400, True)])
def test_a_short_text_is_not_compared(size, is_compared):
    pytest.importorskip("rensa")
    assert (minhash(texts_alike(1.0)[0][:size]) is not None) == is_compared


def test_the_same_question_is_a_leak_of_its_own_and_not_near(tmp_path):
    pytest.importorskip("rensa")
    changed = LONG.replace("12th", "twelfth")
    report = findings(
        tmp_path, a_train=[record("Which stops?", LONG)], a_val=[record("Which stops?", changed)]
    )
    assert places(report) == [("question_leak", "a_val.jsonl", 1)]


def test_a_near_record_of_another_training_set_is_no_leak(tmp_path):
    pytest.importorskip("rensa")
    changed = LONG.replace("12th", "twelfth")
    report = findings(
        tmp_path, b_train=[record("Which stops?", LONG)], a_val=[record("What stops?", changed)]
    )
    assert places(report) == []


def test_the_question_counts_among_what_is_near(tmp_path):
    pytest.importorskip("rensa")
    first, second = (text.decode() for text in texts_alike(0.0))
    changed = record(second, LONG.replace("12th", "twelfth"))
    report = findings(tmp_path, a_train=[record(first, LONG)], a_val=[changed])
    assert places(report) == []
