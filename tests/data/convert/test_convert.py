"""The main job on small sources: counts, determinism, ownership."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data import registry
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.qwen3 import thinking


def medical(number, **fields):
    row = {"instruction": "", "question": f"q{number}", "think": f"t{number}", "answer": f"a{number}"}
    return {**row, "metrics": {"quality_f1": 1.0}, **fields}


def chat(*texts, **more):
    roles = ["human", "gpt"] * len(texts)
    turns = [{"from": role, "value": text} for role, text in zip(roles, texts, strict=False)]
    return {"conversations": turns, "source": "x", "score": 5.0, **more}


def write_jsonl(path, rows):
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return str(path)


def read_jsonl(path):
    return [json.loads(line) for line in Path(path).read_bytes().splitlines()]


@pytest.fixture
def options(tmp_path):
    """Options for a folder `data`, with the sources still to be named."""
    return ConvertOptions(sources=(), name="set", dataset_dir=tmp_path / "data")


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".lock"}


def test_medical_rows_become_canonical_registered_records(tmp_path, options):
    source = write_jsonl(tmp_path / "m.jsonl", [medical(1), medical(2)])
    report = convert(replace(options, sources=(source,)))
    records = read_jsonl(report.files["train"])
    assert records[0] == {
        "conversations": [
            {"from": "human", "value": "q1"},
            {"from": "gpt", "value": thinking.frame("t1", "a1")},
        ],
        "system": "",
        "tools": "",
    }
    assert (report.read, report.written, report.thinking, report.plain) == (2, {"train": 2}, 2, 0)
    assert registry.read_registry(options.dataset_dir)["set_train"]["file_name"] == "set_train.jsonl"
    assert (report.rejected, report.repaired, report.warnings) == ({}, {}, [])


def test_a_plain_conversation_carries_no_tag_and_is_warned_of(tmp_path, options):
    source = write_jsonl(tmp_path / "c.jsonl", [chat("hi", "hello"), chat("x", thinking.frame("", "y"))])
    report = convert(replace(options, sources=(source,)))
    assert thinking.OPEN not in Path(report.files["train"]).read_text()
    assert report.repaired == {"think_empty": 1}
    assert any("lose its ability to think" in warning for warning in report.warnings)


def test_rejected_rows_are_listed_with_file_row_code_reason_and_content(tmp_path, options):
    rows = [medical(1), "", "{broken", medical(2, answer=5), medical(3, think=None)]
    source = write_jsonl(tmp_path / "m.jsonl", rows)
    report = convert(replace(options, sources=(source,)))
    rejected = read_jsonl(report.files["rejected"])
    assert [(row["row"], row["code"]) for row in rejected] == [
        (3, "malformed"),
        (4, "not_text"),
        (5, "missing_field"),
    ]
    assert {row["file"] for row in rejected} == {source}
    assert rejected[0]["content"] == "{broken"
    assert rejected[1]["content"]["answer"] == 5
    assert all(row["reason"] for row in rejected)
    assert report.rejected == {"malformed": 1, "missing_field": 1, "not_text": 1}
    assert report.read == 4


def test_on_bad_stop_names_the_place_and_writes_nothing(tmp_path, options):
    source = write_jsonl(tmp_path / "m.jsonl", [medical(1), medical(2, answer="")])
    with pytest.raises(LfQwen3Error, match=r"m\.jsonl:2: ") as caught:
        convert(replace(options, sources=(source,), on_bad="stop"))
    assert caught.value.code == "empty_answer"
    assert contents(options.dataset_dir) == {}


def test_duplicates_go_and_conflicts_stay(tmp_path, options):
    rows = [medical(1), medical(1, question="Ｑ1 "), medical(1, answer="A1\n"), medical(1, answer="other")]
    report = convert(replace(options, sources=(write_jsonl(tmp_path / "m.jsonl", rows),)))
    assert (report.written["train"], report.duplicates, report.conflicts) == (2, 2, 1)


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_unroll_keeps_the_turns_of_a_dialogue_in_one_split(tmp_path, options, format):
    rows = [chat(f"a{n}", f"b{n}", f"c{n}", f"d{n}") for n in range(20)]
    options = replace(options, sources=(write_jsonl(tmp_path / "c.jsonl", rows),), format=format)
    report = convert(replace(options, val=5, test=0.1))
    assert report.rows == {"train": 13, "val": 5, "test": 2}
    assert report.written == {"train": 26, "val": 10, "test": 4}
    first = read_jsonl(report.files["train"])[0]
    assert len(first.get("history", [1])) == 1


def test_mix_and_split_are_counted(tmp_path, options):
    thinking_rows = write_jsonl(tmp_path / "m.jsonl", [medical(n) for n in range(60)])
    plain_rows = write_jsonl(tmp_path / "c.jsonl", [chat(f"hello {n}", "hi") for n in range(100)])
    report = convert(replace(options, sources=(thinking_rows, plain_rows), mix=0.75, val=0.1))
    assert (report.thinking, report.plain, report.left_out) == (60, 20, 80)
    assert sum(report.rows.values()) + report.left_out == report.read


def test_limit_counts_rows_of_each_source(tmp_path, options):
    for name in "ab":
        write_jsonl(tmp_path / f"{name}.jsonl", [medical(f"{name}{n}") for n in range(50)])
    named = (str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl"))
    assert convert(replace(options, sources=named, limit=7)).read == 14
    assert convert(replace(options, sources=(str(tmp_path / "*.jsonl"),), limit=60, replace=True)).read == 60


def mixed_rows(count=400):
    bad = ["{", medical(0, answer=""), '"text"', ""]
    return [bad[n % 4] if n % 9 == 0 else medical(n % 170, answer=f"a{n % 190}") for n in range(count)]


def test_workers_do_not_show_in_the_bytes(tmp_path, options):
    source = write_jsonl(tmp_path / "m.jsonl", mixed_rows())
    made = []
    for part_bytes, workers in ((1 << 30, 0), (3000, 0), (3000, 2)):
        folder = tmp_path / f"{part_bytes}-{workers}"
        options = ConvertOptions(
            (source,), "set", folder, val=0.1, test=9, mix=1.0, part_bytes=part_bytes, workers=workers
        )
        convert(options)
        made.append(contents(folder))
    assert made == [made[0]] * 3


def test_a_rerun_gives_the_same_bytes_and_another_seed_others(tmp_path, options):
    source = write_jsonl(tmp_path / "m.jsonl", mixed_rows())
    options = replace(options, sources=(source,), val=0.2)
    convert(options)
    first = contents(options.dataset_dir)
    convert(options)
    assert contents(options.dataset_dir) == first
    convert(replace(options, seed=7))
    assert contents(options.dataset_dir)["set_val.jsonl"] != first["set_val.jsonl"]


def test_a_rerun_without_a_split_takes_the_old_one_away(tmp_path, options):
    options = replace(options, sources=(write_jsonl(tmp_path / "m.jsonl", [medical(n) for n in range(20)]),))
    convert(replace(options, val=0.2))
    convert(options)
    assert not (options.dataset_dir / "set_val.jsonl").exists()
    assert list(registry.read_registry(options.dataset_dir)) == ["set_train"]


def test_a_rerun_keeps_the_num_samples_that_a_person_set(tmp_path, options):
    options = replace(options, sources=(write_jsonl(tmp_path / "m.jsonl", [medical(n) for n in range(20)]),))
    convert(options)
    entry = registry.read_registry(options.dataset_dir)["set_train"]
    registry.edit_registry(options.dataset_dir, {"set_train": {**entry, "num_samples": 5}}, replace=True)
    convert(replace(options, val=0.2))
    entries = registry.read_registry(options.dataset_dir)
    assert entries["set_train"] == {**entry, "num_samples": 5}
    assert "num_samples" not in entries["set_val"]


def test_a_byte_order_mark_that_is_taken_away_is_told(tmp_path, options):
    options.dataset_dir.mkdir()
    (options.dataset_dir / "dataset_info.json").write_bytes(b'\xef\xbb\xbf{"theirs": {}}')
    report = convert(replace(options, sources=(write_jsonl(tmp_path / "m.jsonl", [medical(1)]),)))
    assert any("the byte order mark (BOM) was removed" in warning for warning in report.warnings)
    assert list(registry.read_registry(options.dataset_dir)) == ["theirs", "set_train"]


def test_preference_data_is_registered_as_ranking(tmp_path, options):
    rows = [{"prompt": f"q{n}", "chosen": "yes", "rejected": "no"} for n in range(4)]
    convert(replace(options, sources=(write_jsonl(tmp_path / "p.jsonl", rows),)))
    assert registry.read_registry(options.dataset_dir)["set_train"]["ranking"] is True


def test_conversations_that_differ_in_system_tools_or_an_earlier_turn_are_no_duplicates(tmp_path, options):
    def row(system="", tools=None, first="a", second="b"):
        turns = [("user", "q"), ("assistant", first), ("user", second), ("assistant", "end")]
        messages = [{"role": role, "content": content} for role, content in turns]
        return {"messages": messages, "system": system, "tools": tools or []}

    tool = [{"name": "f", "parameters": {}}]
    rows = [row(), row(system="s"), row(system="s2"), row(tools=tool), row(first="c"), row(second="c"), row()]
    report = convert(replace(options, sources=(write_jsonl(tmp_path / "m.jsonl", rows),)))
    assert (report.rows["train"], report.duplicates, report.duplicate_records) == (6, 1, 3)
    assert report.conflicts == 1, "the first answer of the row whose first answer is another"


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_the_first_alpaca_record_has_a_history_where_any_has(tmp_path, options, kind):
    rows = [chat(f"q{n}", f"a{n}") for n in range(3)] + [chat("q", "a", "r", "b")]
    if kind == "parquet":
        source = str(tmp_path / "c.parquet")
        pq.write_table(pa.Table.from_pylist(rows), source)
    else:
        source = write_jsonl(tmp_path / "c.jsonl", rows)
    report = convert(replace(options, sources=(source,), format="alpaca"))
    records = read_jsonl(report.files["train"])
    assert [len(record["history"]) for record in records] == [1, 0, 0, 0, 0]
    assert records[0]["history"] == [["q", "a"]]


def test_a_mix_is_a_seeded_sample_of_all_rows(tmp_path, options):
    rows = [chat(f"hello {n}", f"hi {n}") for n in range(300)]
    sources = (
        write_jsonl(tmp_path / "m.jsonl", [medical(n) for n in range(60)]),
        write_jsonl(tmp_path / "c.jsonl", rows),
    )

    def sample(seed):
        report = convert(replace(options, sources=sources, mix=0.5, seed=seed))
        texts = [record["conversations"][0]["value"] for record in read_jsonl(report.files["train"])]
        return [int(text.split()[1]) for text in texts if text.startswith("hello")]

    first, second = sample(1), sample(2)
    assert first != second
    for kept in (first, second):
        assert len(kept) == 60
        assert kept == sorted(kept)
        assert 18 < sum(number < 150 for number in kept) < 42


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
ROW = st.one_of(
    st.builds(lambda q, t, a: medical(0, question=q, think=t, answer=a), TEXT, TEXT, TEXT),
    st.builds(lambda q, a: medical(0, question=q, answer=a), st.sampled_from("xyz"), st.sampled_from("12 ")),
    st.sampled_from([medical(1, think=None), {"question": 1}, "{", "[]", "", medical(1, answer="a\0")]),
)


@settings(max_examples=50)
@given(rows=st.lists(ROW, max_size=12), part_bytes=st.integers(20, 400))
def test_every_row_is_accounted_for_and_any_chunking_gives_the_same_bytes(rows, part_bytes):
    with TemporaryDirectory() as name:
        account_for(Path(name), rows, part_bytes)


def account_for(folder, rows, part_bytes):
    source = write_jsonl(folder / "m.jsonl", [medical("first"), medical("second"), *rows])
    options = ConvertOptions((source,), "set", folder / "whole", val=1)
    report = convert(options)
    rejected = read_jsonl(report.files["rejected"])
    assert report.read == len([row for row in rows if row != ""]) + 2
    assert report.read == sum(report.written.values()) + sum(report.rejected.values()) + report.duplicates
    assert Counter(row["code"] for row in rejected) == report.rejected
    for record in read_jsonl(report.files["train"]):
        text = record["conversations"][-1]["value"]
        assert thinking.frame(*thinking.split(text)[:2]) == text
    convert(replace(options, dataset_dir=folder / "parts", part_bytes=part_bytes))
    assert contents(folder / "parts") == contents(folder / "whole")
