"""The samples have the shapes of the sets they stand for, and the converted ones come from `convert`."""

import importlib.util
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lf_qwen3.base import assets

FOLDER = assets.folder("dataset_info")


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("build_samples", FOLDER / "source" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def medical():
    return [json.loads(line) for line in (FOLDER / "sample_medical_r1.jsonl").read_text("utf-8").splitlines()]


COLUMNS = {"instruction": str, "question": str, "think": str, "answer": str, "metrics": dict}
"""The columns of krisfu/delicate_medical_r1_data."""


def test_medical_rows_have_the_columns_of_the_public_set(medical_rows):
    for row in medical_rows:
        assert {key: type(value) for key, value in row.items()} == COLUMNS
        assert list(row["metrics"]) == ["quality_f1"]
        assert row["think"] != row["think"].strip()


def test_medical_rows_are_all_different():
    rows = medical()
    assert len(rows) == 60
    for column in ("instruction", "question", "think", "answer"):
        assert len({row[column] for row in rows}) == len(rows)


def test_no_medical_row_is_taken_from_the_public_set(medical_sample):
    real = [json.loads(line) for line in medical_sample.read_text("utf-8").splitlines()]
    taken = {row["question"] for row in real} | {row["answer"] for row in real}
    assert not [row for row in medical() if {row["question"], row["answer"]} & taken]


def test_the_parquet_holds_the_written_rows_in_the_columns_of_finetome(build):
    table = pq.read_table(FOLDER / "sample_finetome.parquet")
    assert table.schema.equals(build.SCHEMA)
    assert table.to_pylist() == build.finetome_rows()


def test_chat_rows_hold_several_turns_and_system_texts(build):
    roles = [[turn["from"] for turn in row["conversations"]] for row in build.finetome_rows()]
    assert len(roles) == 120
    assert sum(one.count("human") > 1 for one in roles) >= 20
    assert sum(one[0] == "system" for one in roles) >= 5


def test_building_again_gives_the_same_bytes(build, tmp_path, monkeypatch):
    (tmp_path / "dataset_info/source").mkdir(parents=True)
    for name in ("sample_medical_r1.jsonl", "sample_finetome.parquet", "source/preference.jsonl"):
        shutil.copy(FOLDER / name, tmp_path / "dataset_info" / name)
    monkeypatch.chdir(tmp_path)
    build.build(Path("dataset_info"))
    made = {path.name for path in FOLDER.glob("sample_*")} | {"dataset_info.json"}
    for name in made:
        assert (tmp_path / "dataset_info" / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_no_derived_sample_lost_a_row():
    rejected = list(FOLDER.glob("sample_*.rejected.jsonl"))
    assert len(rejected) == 2
    assert not any(path.stat().st_size for path in rejected)


def test_both_kto_splits_hold_good_and_bad_answers():
    for split in ("train", "val"):
        rows = [json.loads(line) for line in (FOLDER / f"sample_kto_{split}.jsonl").read_text().splitlines()]
        assert {row["label"] for row in rows} == {True, False}


def test_no_question_of_the_preference_data_stands_in_both_splits():
    questions = {
        split: {
            json.loads(line)["conversations"][0]["value"]
            for line in (FOLDER / f"sample_preference_{split}.jsonl").read_text("utf-8").splitlines()
        }
        for split in ("train", "val")
    }
    assert not questions["train"] & questions["val"]


def test_the_samples_are_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("sample_*")) < 300_000
