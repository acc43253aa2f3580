"""Sources and datasets on a store, and datasets of several files."""

import json
from dataclasses import replace
from uuid import uuid4

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.storage import path_of
from lf_qwen3.data import registry
from lf_qwen3.data.convert import row_numbers
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.registry.fingerprint import hash_dataset
from tests.needs import require

require("fsspec")


def row(number):
    return {"question": f"question {number}", "think": "thought", "answer": f"answer {number}"}


def put_rows(path, numbers):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(json.dumps(row(number)) + "\n" for number in numbers).encode())
    return str(path)


def names(folder):
    return sorted(str(path).removeprefix(f"{folder}/") for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def store():
    """A folder of fsspec's store in memory."""
    return path_of(f"memory://{uuid4()}")


def test_a_store_gives_and_takes_what_a_folder_does(tmp_path, store):
    """The same records, from a glob over a store as from one over a folder."""
    for folder in (tmp_path, store):
        put_rows(folder / "raw" / "a.jsonl", range(30))
        put_rows(folder / "raw" / "b.jsonl", range(20, 50))
        (folder / "raw" / "README.md").write_text("x")
    here, there = (
        convert(ConvertOptions((f"{folder}/raw/*.jsonl",), "set", folder / "data", val=0.2))
        for folder in (tmp_path, store)
    )
    for key in ("train", "val", "rows", "rejected"):
        assert path_of(there.files[key]).read_bytes() == path_of(here.files[key]).read_bytes()
    assert (there.duplicates, there.written) == (here.duplicates, here.written)
    assert list(there.rejected_rows()) == []
    assert row_numbers.find_source(store / "data", "set_train", 0).source == f"{store}/raw/a.jsonl"
    assert hash_dataset(store / "data", "set_train") == hash_dataset(tmp_path / "data", "set_train") != ""
    folder = convert(ConvertOptions((f"reasoning:{store}/raw",), "all", store / "data"))
    assert folder.read == 60


def test_a_dataset_on_a_store_is_replaced_by_one_write(store, monkeypatch):
    """Until dataset_info.json is written the old files stand, and the manifest comes last."""
    options = ConvertOptions((put_rows(store / "raw.jsonl", range(30)),), "set", store / "data", val=0.2)
    old = convert(options)
    before = names(store / "data")
    newer = replace(options, sources=(put_rows(store / "new.jsonl", range(40)),), val=0, replace=True)
    edit = registry.edit_registry

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(registry, "edit_registry", stop)
    with pytest.raises(KeyboardInterrupt):
        convert(newer)
    assert set(before) < set(names(store / "data"))
    assert registry.read_registry(store / "data")["set_train"]["file_name"] in before
    monkeypatch.setattr(registry, "edit_registry", edit)
    new = convert(newer)
    assert new.removed == [str(path_of(old.files["train"]).parent)]
    assert new.unregistered == ["set_val"]
    (run,) = {name.partition("/")[0] for name in names(store / "data") if "/" in name}
    assert names(store / "data") == [
        "dataset_info.json",
        *(f"{run}/{name}" for name in ("rejected.jsonl", "rows.bin", "train.jsonl")),
        "set.manifest.json",
    ]
    assert list(registry.read_registry(store / "data")) == ["set_train"]
    assert new.files == convert(newer).files, "the same conversion has the same names"


def test_nothing_is_registered_where_no_row_is_kept(store):
    (store / "raw.jsonl").write_text('{"question": "", "answer": ""}\n')
    with pytest.raises(Exception, match="rejected"):
        convert(ConvertOptions((f"{store}/raw.jsonl",), "set", store / "data"))
    assert names(store / "data") == []


@pytest.mark.parametrize(("name", "near"), [("nothing*.jsonl", ""), ("rew.jsonl", "raw.jsonl")])
def test_a_source_that_is_not_there(store, name, near):
    put_rows(store / "raw.jsonl", range(3))
    with pytest.raises(UsageError) as error:
        convert(ConvertOptions((f"{store}/{name}",), "set", store / "data"))
    assert error.value.code == "file_missing"
    assert near in error.value.hint


def test_a_split_of_several_files_holds_the_same_records(tmp_path):
    source = put_rows(tmp_path / "raw.jsonl", range(100))
    whole = convert(ConvertOptions((source,), "set", tmp_path / "whole", val=0.2))
    options = ConvertOptions((source,), "set", tmp_path / "data", val=0.2, shard_size=4000)
    report = convert(options)
    for split in ("train", "val"):
        shards = sorted(path_of(report.files[split]).iterdir())
        assert b"".join(shard.read_bytes() for shard in shards) == path_of(whole.files[split]).read_bytes()
        assert all(shard.stat().st_size >= 4000 for shard in shards[:-1])
    assert len(list((tmp_path / "data" / "set_train").iterdir())) > 2
    place = row_numbers.find_source(tmp_path / "data", "set_train", 50)
    assert place == row_numbers.find_source(tmp_path / "whole", "set_train", 50)._replace(
        dataset_hashes=place.dataset_hashes
    )
    assert {entry["file_name"] for entry in registry.read_registry(tmp_path / "data").values()} == {
        "set_train",
        "set_val",
    }
    assert [listed.rows for listed in registry.listing(tmp_path / "data")] == [80, 20]
    again = convert(replace(options, shard_size=None))
    assert sorted(again.removed) == [str(tmp_path / "data" / name) for name in ("set_train", "set_val")]
    convert(options)
    assert not (tmp_path / "data" / "set_train.jsonl").exists()
    (tmp_path / "data" / "set.manifest.json").unlink()
    with pytest.raises(UsageError) as error:
        convert(options)
    assert error.value.code == "file_not_own"


def test_each_file_begins_with_a_history_where_a_record_has_one(tmp_path):
    """HF datasets types the column by the file that it meets first."""
    turns = [{"from": role, "value": f"{role} text"} for role in ("human", "gpt")]
    rows = [{"conversations": [{"from": "human", "value": f"q{n}"}, turns[1]]} for n in range(30)]
    for number in (3, 17):
        rows[number]["conversations"] = [*rows[number]["conversations"], *turns]
    (tmp_path / "raw.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    options = ConvertOptions((f"{tmp_path}/raw.jsonl",), "set", tmp_path, format="alpaca", shard_size=300)
    report = convert(options)
    shards = sorted(path_of(report.files["train"]).iterdir())
    firsts = [json.loads(shard.read_bytes().splitlines()[0]) for shard in shards]
    assert [first["history"] != [] for first in firsts] == [True, True]
    assert sum(len(shard.read_bytes().splitlines()) for shard in shards) == report.written["train"] == 32
