"""The types that HF datasets, the trainer's loader, refuses are those that check reports."""

import json

import pytest

from lf_qwen3.proof.check import check

LONG = "x y " * 1_500_000
RECORD = {"instruction": "What is it?", "output": "It is a stone."}
LATE = [{**RECORD, "instruction": f"{LONG}{at}"} for at in range(2)]


@pytest.mark.llamafactory
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([{**RECORD, "id": 1}, {**RECORD, "id": 2.5}], set(), id="whole and broken numbers"),
        pytest.param([RECORD, {**RECORD, "id": "a"}], set(), id="a key that comes early"),
        pytest.param([{**RECORD, "id": 1}, {**RECORD, "id": "a"}], {"mixed_types"}, id="number and text"),
        pytest.param([{**RECORD, "id": 1}, {**RECORD, "id": True}], {"mixed_types"}, id="number and truth"),
        pytest.param([{**RECORD, "id": "a"}, {**RECORD, "id": ["a"]}], {"mixed_types"}, id="text and list"),
        pytest.param([*LATE, {**RECORD, "id": "a"}], {"late_column"}, id="a key that comes late"),
        pytest.param(
            [*({**one, "id": None} for one in LATE), {**RECORD, "id": "a"}],
            {"late_column"},
            id="nulls, then text",
        ),
        pytest.param(
            [*({**one, "id": []} for one in LATE), {**RECORD, "id": ["a"]}],
            {"late_column"},
            id="empty, then a list",
        ),
    ],
)
def test_what_the_loader_refuses(tmp_path, rows, expected):
    datasets = pytest.importorskip("datasets")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    entry = {"file_name": "a.jsonl", "columns": {"prompt": "instruction", "response": "output"}}
    (tmp_path / "dataset_info.json").write_text(json.dumps({"a": entry}), "utf-8")
    found = set(check(tmp_path).counts)
    assert found & {"mixed_types", "late_column"} == expected
    try:
        datasets.load_dataset(
            "json", data_files=str(tmp_path / "a.jsonl"), split="train", cache_dir=str(tmp_path / "cache")
        )
    except datasets.exceptions.DatasetGenerationError:
        assert expected
    else:
        assert not expected
