"""Files of every kind, registered by us, go through the trainer's own parser, loader and converters."""

import json
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lf_qwen3.data import registry
from tests.needs import require

pytestmark = pytest.mark.llamafactory


@pytest.fixture
def load(tmp_path):
    """Load what is registered in `tmp_path` as the trainer does; returns its aligned rows."""
    require("llamafactory")
    from llamafactory.data.loader import _load_single_dataset
    from llamafactory.data.parser import get_dataset_list
    from llamafactory.hparams import DataArguments

    data_args = DataArguments(dataset_dir=str(tmp_path))
    model_args = SimpleNamespace(cache_dir=str(tmp_path / "cache"), hf_hub_token=None)
    training_args = SimpleNamespace(local_process_index=0, seed=42)

    def loaded(name):
        (attributes,) = get_dataset_list([name], str(tmp_path))
        return list(_load_single_dataset(attributes, model_args, data_args, training_args))

    return loaded


def message(role, content):
    return {"role": role, "content": content}


def turn(role, value):
    return {"from": role, "value": value}


CASES = {
    "alpaca": (
        [
            {
                "instruction": "q",
                "input": "more",
                "output": "a",
                "system": "be kind",
                "history": [["q0", "a0"]],
            },
            {"instruction": "q", "input": "", "output": "a", "system": "", "history": []},
        ],
        [
            (["user:q0", "assistant:a0", "user:q\nmore"], ["assistant:a"], "be kind", ""),
            (["user:q"], ["assistant:a"], "", ""),
        ],
    ),
    "prompt, query, response": (
        [{"prompt": "q", "query": "more", "response": "a"}],
        [(["user:q\nmore"], ["assistant:a"], "", "")],
    ),
    "query, response": ([{"query": "q", "response": "a"}], [(["user:q"], ["assistant:a"], "", "")]),
    "sharegpt": (
        [
            {
                "conversations": [
                    turn("human", "q"),
                    turn("function_call", "{}"),
                    turn("observation", "o"),
                    turn("gpt", "a"),
                ],
                "system": "be kind",
                "tools": "[1]",
            },
            {"conversations": [turn("human", "q"), turn("gpt", "a")], "system": "", "tools": ""},
        ],
        [
            (["user:q", "function:{}", "observation:o"], ["assistant:a"], "be kind", "[1]"),
            (["user:q"], ["assistant:a"], "", ""),
        ],
    ),
    "messages": (
        [
            {"messages": [message("system", "be kind"), message("user", "q"), message("assistant", "a")]},
            {
                "messages": [
                    message("user", "q"),
                    message("assistant", "a"),
                    message("user", "q2"),
                    message("assistant", "a2"),
                ]
            },
        ],
        [
            (["user:q"], ["assistant:a"], "be kind", ""),
            (["user:q", "assistant:a", "user:q2"], ["assistant:a2"], "", ""),
        ],
    ),
    "messages with a tool": (
        [
            {
                "messages": [
                    message("user", "q"),
                    message("function_call", "{}"),
                    message("tool", "o"),
                    message("assistant", "a"),
                ]
            }
        ],
        [(["user:q", "function:{}", "observation:o"], ["assistant:a"], "", "")],
    ),
    "ranking of texts": (
        [{"prompt": "q", "chosen": "good", "rejected": "bad"}],
        [(["user:q"], ["assistant:good", "assistant:bad"], "", "")],
    ),
    "ranking of messages": (
        [
            {
                "messages": [message("user", "q")],
                "chosen": message("assistant", "good"),
                "rejected": message("assistant", "bad"),
            }
        ],
        [(["user:q"], ["assistant:good", "assistant:bad"], "", "")],
    ),
    "kto of texts": (
        [
            {"prompt": "q", "completion": "a", "label": True},
            {"prompt": "q", "completion": "b", "label": False},
        ],
        [
            (["user:q"], ["assistant:a", "assistant:"], "", ""),
            (["user:q"], ["assistant:", "assistant:b"], "", ""),
        ],
    ),
    "kto of messages": (
        [{"conversations": [turn("human", "q"), turn("gpt", "a")], "kto_tag": False}],
        [(["user:q"], ["assistant:", "assistant:a"], "", "")],
    ),
    "pretraining": ([{"text": "long"}], [(["user:long"], [], "", "")]),
}


def aligned(rows):
    def said(turns):
        return [f"{one['role']}:{one['content']}" for one in turns]

    return [
        (said(row["_prompt"]), said(row["_response"]), row["_system"] or "", row["_tools"] or "")
        for row in rows
    ]


def write(path, rows):
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@pytest.mark.parametrize(("rows", "meant"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet"])
def test_nothing_is_lost_on_the_way(tmp_path, load, suffix, rows, meant):
    path = tmp_path / f"数据 set{suffix}"
    write(path, rows)
    registry.register("数据", path, tmp_path)
    assert aligned(load("数据")) == meant


@pytest.mark.parametrize("column", ["images", "image"])
def test_pictures_reach_the_trainer(tmp_path, load, column):
    turns = [message("user", "<image>What is it?"), message("assistant", "A kite.")]
    value = ["a.jpg"] if column == "images" else "a.jpg"
    write(tmp_path / "a.json", [{"messages": turns, column: value}])
    registry.register("a", "a.json", tmp_path)
    (row,) = load("a")
    assert row["_images"] == ["a.jpg"]


def test_csv(tmp_path, load):
    (tmp_path / "a.csv").write_text('instruction,input,output\n"q, r",,a\nq,more,"a\nb"\n')
    registry.register("one", "a.csv", tmp_path)
    assert aligned(load("one")) == [
        (["user:q, r"], ["assistant:a"], "", ""),
        (["user:q\nmore"], ["assistant:a\nb"], "", ""),
    ]


def test_kto_from_csv(tmp_path, load):
    (tmp_path / "a.csv").write_text("prompt,completion,label\nq,a,True\nq,b,false\n")
    registry.register("one", "a.csv", tmp_path)
    assert [row[1] for row in aligned(load("one"))] == [
        ["assistant:a", "assistant:"],
        ["assistant:", "assistant:b"],
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("semicolons.csv", b"instruction;output\nq;a\n"),
        ("numbers.csv", b"instruction,output\nq,1\nq,2\n"),
        ("mark.json", b'\xef\xbb\xbf[{"instruction": "q", "output": "a"}]'),
    ],
)
def test_what_register_refuses_would_fail_or_be_lost(tmp_path, load, name, content):
    (tmp_path / name).write_bytes(content)
    entry = {"file_name": name, "columns": {"prompt": "instruction", "response": "output"}}
    registry.edit_registry(tmp_path, {"one": entry})
    try:
        rows = aligned(load("one"))
    except Exception:
        rows = []
    assert not any(response for _, response, _, _ in rows)


def test_a_name_beyond_ascii_is_written_in_ascii_and_both_spellings_are_found(tmp_path, load):
    (tmp_path / "dataset_info.json").write_text('{"别人": {"file_name": "数.jsonl"}}', encoding="utf-8")
    write(tmp_path / "数.jsonl", [{"instruction": "q", "output": "a", "input": ""}])
    registry.register("mine", "数.jsonl", tmp_path)
    theirs, _, mine = (tmp_path / "dataset_info.json").read_text("utf-8").partition(', "mine"')
    assert theirs == '{"别人": {"file_name": "数.jsonl"}'
    assert mine.isascii()
    assert aligned(load("别人")) == aligned(load("mine"))


def test_the_trainer_cannot_read_a_byte_order_mark(tmp_path, load):
    write(tmp_path / "a.jsonl", [{"instruction": "q", "output": "a"}])
    (tmp_path / "dataset_info.json").write_bytes(b"\xef\xbb\xbf{}")
    with pytest.raises(ValueError, match="BOM"):
        load("one")
    registry.register("one", "a.jsonl", tmp_path)
    assert len(load("one")) == 1
