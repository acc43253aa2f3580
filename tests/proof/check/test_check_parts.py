"""However the files are cut, and however many processes read them, `check` reports the same."""

import pickle
from typing import Any

import pytest

from lf_qwen3.base import worker_pool
from lf_qwen3.proof.check import check, dataset_rows, engines
from lf_qwen3.proof.check.dataset_records import DatasetFiles
from lf_qwen3.proof.check.model_templates import ModelTemplates
from lf_qwen3.proof.check.part_checks import PartChecker, PartCheckOptions, PartCheckTask
from tests.proof.check.hostile_rows import write_hostile


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile(folder)
    return folder


@pytest.fixture
def cut_small(monkeypatch):
    """Cut files into parts of a few rows."""
    monkeypatch.setattr(dataset_rows, "BLOCK", 2000)
    monkeypatch.setattr(engines, "BLOCK", 2000)


FIRST_BLOCK = {"late_column", "template_differs"}
"""The checks that are about the first 10 MB of a file."""


def without_first_block(report):
    """Return a report without what those checks say."""
    whole = report.as_json()
    findings = [finding for finding in whole["findings"] if finding["code"] not in FIRST_BLOCK]
    return {**whole, "findings": findings, "summary": None}, report.lengths


def test_the_parts_leave_no_trace(folder, cut_small, monkeypatch, qwen_tokenizer_folder):
    wanted: dict[str, Any] = {"tokenizer": str(qwen_tokenizer_folder), "cutoff_len": 60}
    in_parts = check(folder, **wanted)
    started = []
    run = worker_pool.run
    monkeypatch.setattr(
        worker_pool,
        "run",
        lambda tasks, start, workers: started.append(workers) or run(tasks, start, workers),
    )
    by_processes = check(folder, workers=2, **wanted)
    assert started == [2, 2]  # the held-out records, then the others
    assert by_processes.as_json() == in_parts.as_json()
    assert by_processes.lengths == in_parts.lengths
    monkeypatch.undo()
    whole = check(folder, **wanted)
    assert without_first_block(whole) == without_first_block(in_parts)
    codes = {finding.code for finding in whole.findings}
    assert {"unreadable_row", "leak", "near_leak", "duplicate", "mixed_types", "cut_answer"} <= codes


def test_a_file_that_fits_one_block_starts_no_process(folder, monkeypatch):
    monkeypatch.setattr(worker_pool, "_run_in_pool", pytest.fail)
    assert check(folder, workers=8).datasets


def test_a_checker_can_be_sent_to_another_process(folder, qwen_tokenizer_folder):
    model = ModelTemplates.load(str(qwen_tokenizer_folder), None, 60, [])
    files = DatasetFiles(folder, ("a_val.jsonl",))
    (part,) = dataset_rows.cut_rows(files.paths)
    task = PartCheckTask(part, "a_val", {"file_name": "a_val.jsonl"}, "sft", files, True)
    options = PartCheckOptions(model, learns_empty=True)
    sent = pickle.loads(pickle.dumps((options, task)))
    assert PartChecker(sent[0]).run(sent[1]) == PartChecker(options).run(task)
