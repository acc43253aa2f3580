"""Every record that convert writes comes through LLaMA-Factory's own loader and converter, none dropped."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lf_qwen3.base.storage import path_of
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.qwen3.thinking import frame
from tests.needs import require

pytestmark = pytest.mark.llamafactory
require("llamafactory")

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0<"), min_size=1, max_size=30).filter(
    str.strip
)
TURNS = st.lists(st.tuples(TEXT, TEXT, st.none() | TEXT), min_size=1, max_size=3)
ROW = st.tuples(TURNS, st.just("") | TEXT)


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Load a registered dataset as the trainer does, through HF datasets and its converter."""
    from llamafactory.data.loader import _load_single_dataset
    from llamafactory.data.parser import get_dataset_list
    from llamafactory.hparams import DataArguments

    cache = str(tmp_path_factory.mktemp("cache"))

    def loaded(folder, name):
        (attributes,) = get_dataset_list([name], str(folder))
        model = SimpleNamespace(cache_dir=cache, hf_hub_token=None)
        return _load_single_dataset(
            attributes, model, DataArguments(dataset_dir=str(folder)), SimpleNamespace(local_process_index=0)
        )

    return loaded


def write_rows(path, rows):
    """Write ShareGPT rows of (turns, system), a turn being (question, answer, thinking or None)."""
    with path.open("wb") as file:
        for turns, system in rows:
            messages = [
                {"from": role, "value": text}
                for question, answer, thought in turns
                for role, text in (("human", question), ("gpt", frame(thought, answer)))
            ]
            file.write(orjson.dumps({"conversations": messages, "system": system}) + b"\n")
    return str(path)


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
@pytest.mark.parametrize("turns", ["unroll", "last", "all"])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=15))
def test_nothing_is_dropped_or_changed(load, tmp_path_factory, format, turns, rows):
    folder = tmp_path_factory.mktemp("data")
    options = ConvertOptions(
        (write_rows(folder / "rows.jsonl", rows),), "set", folder, format=format, turns=turns
    )
    report = convert(options)
    loaded = load(folder, "set_train")
    assert len(loaded) == report.written["train"]
    lines = Path(report.files["train"]).read_bytes().splitlines()
    for row, line in zip(loaded, lines, strict=True):
        record = json.loads(line)
        answer = record["output"] if format == "alpaca" else record["conversations"][-1]["value"]
        assert row["_response"] == [{"role": "assistant", "content": answer}]
        assert len(row["_prompt"]) % 2 == 1
        assert row["_system"] == record["system"]
        question = record["instruction"] if format == "alpaca" else record["conversations"][-2]["value"]
        assert row["_prompt"][-1] == {"role": "user", "content": question}


def test_tool_dialogues_come_through(load, tmp_path):
    calls = [{"function": {"name": "weather", "arguments": '{"city": "Bonn"}'}}]
    messages = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "content": "sunny"},
        {"role": "tool", "content": "warm"},
        {"role": "assistant", "content": "fine", "reasoning_content": "hm"},
    ]
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]
    source = tmp_path / "rows.jsonl"
    source.write_text(json.dumps({"messages": messages, "tools": tools}) + "\n")
    convert(ConvertOptions((str(source),), "set", tmp_path))
    call, answer = load(tmp_path, "set_train")
    assert [turn["role"] for turn in call["_prompt"] + call["_response"]] == ["user", "function"]
    assert [turn["role"] for turn in answer["_prompt"]] == ["user", "function", "observation"]
    assert answer["_response"][0]["content"] == frame("hm", "fine")
    assert json.loads(answer["_tools"]) == tools
    assert answer["_system"] == "be kind"


def test_preferences_come_through(load, tmp_path):
    source = tmp_path / "rows.jsonl"
    rows = [{"prompt": f"q{n}", "chosen": frame("hm", "yes"), "rejected": "no"} for n in range(3)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for format in ("sharegpt", "alpaca"):
        convert(ConvertOptions((str(source),), format, tmp_path, format=format))
        loaded = load(tmp_path, f"{format}_train")
        assert [turn["content"] for turn in loaded[0]["_response"]] == [frame("hm", "yes"), frame("", "no")]


@pytest.mark.slow
@pytest.mark.parametrize("where", ["last", "middle"])
def test_alpaca_histories_load_though_the_first_ten_megabytes_have_none(load, tmp_path, where):
    """HF datasets types a JSON lines file by its first 10 MB; only empty histories there would fail later."""
    rows: list[Any] = [([(f"q{n}", "a" * 20_000, None)], "") for n in range(1200)]
    rows.insert(len(rows) if where == "last" else len(rows) // 2, ([("q", "a", None), ("r", "b", "t")], ""))
    source = write_rows(tmp_path / "rows.jsonl", rows)
    report = convert(ConvertOptions((source,), "set", tmp_path, format="alpaca"))
    loaded = load(tmp_path, "set_train")
    assert len(loaded) == report.written["train"] == 1202
    assert [turn["content"] for turn in loaded[0]["_prompt"]] == ["q", "a", "r"]


def test_a_split_of_several_files_is_read_whole(load, tmp_path):
    """Two records of many have a history, which gives the column its type in each file."""
    rows = [([(f"q{number}", "answer", None)] * (1 + (number in (3, 17))), "") for number in range(30)]
    source = write_rows(tmp_path / "rows.jsonl", rows)
    for format in ("sharegpt", "alpaca"):
        report = convert(
            ConvertOptions((source,), format, tmp_path / "data", format=format, shard_size=500, val=0.2)
        )
        for split, records in report.written.items():
            assert len(load(tmp_path / "data", f"{format}_{split}")) == records


@pytest.mark.parametrize("shard_size", [None, 1000])
def test_a_dataset_in_a_bucket_is_read_from_a_copy_of_its_registry(load, tmp_path, s3, shard_size):
    rows = [([(f"q{number}", "answer", None)], "") for number in range(30)]
    source = write_rows(tmp_path / "rows.jsonl", rows)
    folder = path_of(f"{s3}/trained-{shard_size}")
    report = convert(ConvertOptions((source,), "set", folder, val=0.2, shard_size=shard_size))
    import s3fs

    # The trainer asks without a key first: moto lists the folder for anyone, but gives files to the owner.
    s3fs.S3FileSystem().chmod(str(folder), acl="public-read", recursive=True)
    (tmp_path / "dataset_info.json").write_bytes((folder / "dataset_info.json").read_bytes())
    for split, records in report.written.items():
        assert len(load(tmp_path, f"set_{split}")) == records
