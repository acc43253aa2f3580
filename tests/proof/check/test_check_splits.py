"""Records that stand there twice, inside a split and across splits."""

import json

import pytest

from lf_qwen3.data.convert.keys import fold
from lf_qwen3.proof.check import check, near_duplicates
from lf_qwen3.proof.check.duplicates import pair_splits
from lf_qwen3.proof.check.near_duplicates import NearDuplicateIndex, minhash
from lf_qwen3.qwen3.thinking import frame

LONG = " ".join(f"The {at}th stop of this long line is called {at * 7919 % 1000}." for at in range(60))


def record(question="What is it?", answer="It is a stone."):
    return {"instruction": question, "input": "", "output": answer}


def findings(folder, **splits):
    for name, rows in splits.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    entries = {name: {"file_name": f"{name}.jsonl"} for name in splits}
    (folder / "dataset_info.json").write_text(json.dumps(entries), "utf-8")
    return check(folder)


def places(report):
    return [(one.code, one.file.rpartition("/")[2], one.row) for one in report.findings]


def test_duplicate_inside_a_split(tmp_path):
    report = findings(tmp_path, a=[record(), record("Who?"), record("WHAT  is it?")])
    assert places(report) == [("duplicate", "a.jsonl", 3)]
    assert "as row 1" in next(iter(report.findings)).message


def test_thinking_and_plain_answers_are_two(tmp_path):
    assert places(findings(tmp_path, a=[record(), record(answer=frame("r", "It is a stone."))])) == []


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
        a_train=[record("What are the stops?", LONG)],
        a_val=[record("Which are the stops?", changed), record("And backwards?", other)],
    )
    assert places(report) == [("near_leak", "a_val.jsonl", 1)]
    assert "similarity 0.8 or more" in next(iter(report.findings)).message


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
    index.add(7, minhash(fold(LONG)))
    assert [one.number for one in index.take_similar(minhash(fold(LONG + " And so on.")))] == [7]
    assert list(index.take_similar(minhash(fold(LONG)))) == []  # told once
    assert minhash(fold("Too short.")) is None
