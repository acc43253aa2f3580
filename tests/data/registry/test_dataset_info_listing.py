import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.registry import listing
from lf_qwen3.data.registry.listing import kind_of


def listed(folder, entry):
    (folder / "dataset_info.json").write_text(json.dumps({"one": entry}))
    (one,) = listing(folder)
    return one


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({}, "sft"),
        ({"columns": {"prompt": "p", "response": "r"}}, "sft"),
        ({"formatting": "sharegpt"}, "sft"),
        ({"formatting": "sharegpt", "columns": {"messages": "m"}}, "sft"),
        ({"columns": {"prompt": "text"}}, "pretrain"),
        ({"columns": {"prompt": "p", "response": "r", "kto_tag": "label"}}, "kto"),
        ({"formatting": "sharegpt", "ranking": True, "columns": {"messages": "m"}}, "ranking"),
        ({"columns": "broken"}, "sft"),
    ],
)
def test_the_kind_of_an_entry(entry, kind):
    assert kind_of(entry) == kind


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("a.jsonl", b'{"a": 1}\n\n{"a": 2}', 2),
        ("a.json", b'[{"a": 1},\n {"a": 2},\n {"a": 3}]', 3),
        ("lines.json", b'{"a": 1}\n{"a": 2}\n', None),
        ("a.csv", b"a\n1\n", None),
        ("broken.parquet", b"PAR1", None),
    ],
)
def test_size_and_rows_of_a_file(tmp_path, name, content, rows):
    (tmp_path / name).write_bytes(content)
    one = listed(tmp_path, {"file_name": name})
    assert (one.exists, one.size, one.rows) == (True, len(content), rows)


def test_rows_of_parquet_stand_in_its_footer(tmp_path):
    pq.write_table(pa.table({"a": [1, 2, 3]}), tmp_path / "a.parquet")
    assert listed(tmp_path, {"file_name": "a.parquet"}).rows == 3


def test_a_folder_counts_with_all_its_files(tmp_path):
    (tmp_path / "parts").mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / "parts" / name).write_text("{}\n{}\n")
    one = listed(tmp_path, {"file_name": "parts"})
    assert (one.exists, one.size, one.rows) == (True, 12, 4)


@pytest.mark.parametrize("entry", [{"file_name": "gone.jsonl"}, {}])
def test_a_missing_file_is_told(tmp_path, entry):
    assert listed(tmp_path, entry).exists is False


def test_data_elsewhere_is_named_as_the_trainer_names_it(tmp_path):
    one = listed(tmp_path, {"hf_hub_url": "owner/name", "file_name": "ignored.jsonl"})
    assert (one.source, one.file, one.exists, one.size) == ("hf_hub_url", "owner/name", None, None)


def test_entries_come_in_the_order_of_the_file(tmp_path):
    (tmp_path / "dataset_info.json").write_text('{"z": {}, "a": {}, "m": {}}')
    assert [one.name for one in listing(tmp_path)] == ["z", "a", "m"]


def test_a_folder_without_registry_is_told(tmp_path):
    with pytest.raises(UsageError) as caught:
        listing(tmp_path)
    assert caught.value.code == "registry_missing"
    assert "--dataset-dir" in caught.value.hint
