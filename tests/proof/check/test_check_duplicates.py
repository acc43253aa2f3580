"""Records that stand there twice inside a split."""

import json

import pytest

from lf_qwen3.proof.check import check
from lf_qwen3.proof.check.dataset_rows import RowPlace
from lf_qwen3.proof.check.duplicates import RecordHashes
from lf_qwen3.proof.check.rules.records.sample import Sample, SampleReader
from lf_qwen3.qwen3.thinking import frame
from tests.proof.check.split_findings import CHAT, chat, findings, places, record


def test_duplicate_inside_a_split(tmp_path):
    report = findings(tmp_path, a=[record(), record("Who?"), record("WHAT  is it?")])
    assert places(report) == [("duplicate", "a.jsonl", 3)]
    assert "as row 1" in next(iter(report.findings)).message


def test_thinking_and_plain_answers_are_two(tmp_path):
    assert places(findings(tmp_path, a=[record(), record(answer=frame("r", "It is a stone."))])) == []


def test_every_copy_is_reported_beside_the_first(tmp_path):
    report = findings(tmp_path, a=[record("Who?"), record(), record(), record()])
    assert [(found.row, found.detail) for found in report.findings] == [(3, "as row 2"), (4, "as row 2")]


def test_a_duplicate_question_alone_is_no_duplicate(tmp_path):
    assert places(findings(tmp_path, a=[record(), record(answer="It is a tree.")])) == []


def test_a_duplicate_in_another_file_of_the_folder_has_its_place(tmp_path):
    (tmp_path / "d").mkdir()
    for name, question in (("1", "Who?"), ("2", "What?"), ("3", "Who?")):
        (tmp_path / "d" / f"{name}.jsonl").write_text(json.dumps(record(question)) + "\n", "utf-8")
    (tmp_path / "dataset_info.json").write_text(json.dumps({"a": {"file_name": "d"}}), "utf-8")
    assert places(check(tmp_path)) == [("duplicate", "3.jsonl", 1)]


PREFERENCE = {"prompt": "instruction", "chosen": "output", "rejected": "rejected"}


def test_the_losing_answer_belongs_to_a_preference(tmp_path):
    rows = [
        {**record(), "rejected": text}
        for text in ("No idea about it.", "It is a bird.", "No  idea about it.")
    ]
    report = findings(tmp_path, columns=PREFERENCE, ranking=True, a=rows)
    assert places(report) == [("duplicate", "a.jsonl", 3)]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(("What?", "A house.", "And that?", "A tree is that."), id="another answer before"),
        pytest.param(("What?", "A stone.A", "nd that?", "A tree is that."), id="other ends of the turns"),
        pytest.param(("What?", "A stone.", "And that?", "A bush is that."), id="another last answer"),
    ],
)
def test_every_turn_of_a_dialogue_counts(tmp_path, other):
    first = ("What?", "A stone.", "And that?", "A tree is that.")
    report = findings(tmp_path, **CHAT, a=[chat(*first), chat(*other), chat(*first)])
    assert places(report) == [("duplicate", "a.jsonl", 3)]


def test_a_call_of_a_tool_at_the_end_counts(tmp_path):
    calls = [json.dumps({"name": name, "arguments": {}}) for name in "fgf"]
    rows = [chat("What?", call, roles=("human", "function_call")) for call in calls]
    assert places(findings(tmp_path, **CHAT, a=rows)) == [("duplicate", "a.jsonl", 3)]


def test_an_answer_that_is_marked_good_and_bad_is_two_records(tmp_path):
    rows = [{**record(), "good": good} for good in (True, False, True)]
    columns = {"prompt": "instruction", "response": "output", "kto_tag": "good"}
    assert places(findings(tmp_path, columns=columns, a=rows)) == [("duplicate", "a.jsonl", 3)]


@pytest.mark.parametrize("end", ["f", "g"])
def test_a_call_after_an_earlier_answer_counts(tmp_path, end):
    """The earlier answer is not what such a record learns."""
    rows = [chat("What?", "A stone.", "And that?") for _ in range(2)]
    for row, name in zip(rows, ("f", end), strict=True):
        call = json.dumps({"name": name, "arguments": {}})
        row["conversations"].append({"from": "function_call", "value": call})
    is_same = end == "f"
    assert places(findings(tmp_path, **CHAT, a=rows)) == [("duplicate", "a.jsonl", 2)] * is_same


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(
            (frame("So.", "A stone."), "And that?", frame("Hm.", "A tree.")), id="of an earlier turn"
        ),
        pytest.param(("A stone.", "And that?", frame("Oh.", "A tree.")), id="of the last turn"),
        pytest.param(("A stone.", "And that?", "A tree."), id="none"),
    ],
)
def test_records_that_differ_in_their_thinking_are_no_duplicates(tmp_path, other):
    first = ("A stone.", "And that?", frame("Hm.", "A tree."))
    rows = [chat("What?", *first), chat("What?", *other), chat("What?", *first)]
    assert places(findings(tmp_path, **CHAT, a=rows)) == [("duplicate", "a.jsonl", 3)]


def test_only_the_first_question_and_the_answer_are_folded(tmp_path):
    """As convert does: its duplicates are those of check."""
    first = ("What?", "A stone.", "And that?", frame("Hm.", "A tree."))
    others = [
        ("what ?", "A stone.", "And that?", frame("hm.", "a TREE.")),
        ("What?", "a stone.", "And that?", frame("Hm.", "A tree.")),
        ("What?", "A stone.", "and that?", frame("Hm.", "A tree.")),
    ]
    report = findings(tmp_path, **CHAT, a=[chat(*first), *(chat(*other) for other in others)])
    assert places(report) == [("duplicate", "a.jsonl", 2)]


def test_another_reasoning_to_a_trained_answer_is_a_leak(tmp_path):
    trained, held_out = (record(answer=frame(why, "It is a stone.")) for why in ("Hm.", "Oh."))
    report = findings(tmp_path, a_train=[trained], a_val=[held_out])
    assert places(report) == [("leak", "a_val.jsonl", 1)]


def test_an_answer_learnt_with_its_thinking_counts_as_learnt_in_the_history(tmp_path):
    rows = [chat("What?", frame("Hm.", "A stone."))]
    rows += [chat("What?", before, "And?", "A tree.") for before in ("A stone.", frame("Hm.", "A stone."))]
    assert orphans_of(tmp_path, rows) == 0
    assert orphans_of(tmp_path, rows[1:]) == 2


def orphans_of(folder, rows):
    """How many records hold an earlier answer that no record learns."""
    hashes = RecordHashes()
    reader = SampleReader(CHAT, "sft")
    for number, row in enumerate(rows, 1):
        sample = reader(row)
        assert isinstance(sample, Sample)
        hashes.add(RowPlace(0, number, row), sample)
    return hashes.orphans()
