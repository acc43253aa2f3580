import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import UsageError
from lf_qwen3.data import registry
from lf_qwen3.data.convert.formats import FORMATS, encode_alpaca, encode_sharegpt

ALPACA = {"instruction": "q", "input": "", "output": "a"}
ENTRY = {"formatting": "alpaca", "columns": {"prompt": "instruction", "query": "input", "response": "output"}}


def lines(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def entry_for(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    return registry.entry_for(tmp_path / name, tmp_path)


def refused(tmp_path, name, content):
    with pytest.raises(UsageError) as caught:
        entry_for(tmp_path, name, content)
    return caught.value


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", lines(ALPACA)),
        ("a.json", json.dumps([ALPACA], indent=2).encode()),
        ("lines.json", lines(ALPACA, ALPACA)),
        ("array.jsonl", json.dumps([ALPACA]).encode()),
        ("mark.jsonl", b"\xef\xbb\xbf" + lines(ALPACA)),
        ("blank.jsonl", b"\n" + lines(ALPACA) + b"\r\n"),
        ("a.csv", b"instruction,input,output\nq,,a\n"),
        ("with space é.csv", b"\xef\xbb\xbfinstruction,input,output\r\nq,more,a\r\n"),
    ],
)
def test_every_kind_of_text_file(tmp_path, name, content):
    assert entry_for(tmp_path, name, content) == {"file_name": name, **ENTRY}


def test_parquet(tmp_path):
    turns = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
    pq.write_table(pa.table({"conversations": [turns], "source": ["web"]}), tmp_path / "a.parquet")
    entry = registry.entry_for("a.parquet", tmp_path)
    assert (entry["formatting"], entry["columns"]) == ("sharegpt", {"messages": "conversations"})
    assert len(entry["tags"]) == 7


CONVERSATION = Conversation(
    [Turn("user", "q"), Turn("assistant", "a"), Turn("user", "q"), Turn("assistant", "b")]
)
PREFERENCE = Conversation([Turn("user", "q"), Turn("assistant", "a")], rejected=Turn("assistant", "b"))


@pytest.mark.parametrize("conversation", [CONVERSATION, PREFERENCE], ids=["sft", "preference"])
@pytest.mark.parametrize(("name", "encode"), [("sharegpt", encode_sharegpt), ("alpaca", encode_alpaca)])
def test_what_convert_writes_is_described_as_convert_describes_it(tmp_path, name, encode, conversation):
    content = b"".join(record.line for record in encode(conversation, "unroll"))
    meant = FORMATS[name].entry("a.jsonl", "ranking" if conversation.rejected else "sft")
    assert entry_for(tmp_path, "a.jsonl", content) == meant


def test_what_convert_writes_of_kto_data_is_described_as_convert_describes_it(tmp_path):
    content = b"".join(
        record.line
        for label in (True, False)
        for record in FORMATS["sharegpt"].write(replace(CONVERSATION, label=label), "unroll")
    )
    assert entry_for(tmp_path, "a.jsonl", content) == FORMATS["sharegpt"].entry("a.jsonl", "kto")


FITS = "this converts it into a format that does: lf-qwen3 convert"


@pytest.mark.parametrize(
    ("row", "hint"),
    [
        ({"question": "q", "think": "t", "answer": "a"}, FITS),
        ({"instruction": "q", "output": ["good", "bad"]}, FITS),
        ({"instruction": "q", "output": {"a": 1}}, "convert cannot read it either: a number, list or object"),
        ({"prompt": "q", "response": "a", "label": 0}, "--columns label=label"),
        ({"soru": "q", "cevap": "a"}, "--columns question=soru,answer=cevap"),
        ({"x": 1}, "--columns question=COLUMN,answer=COLUMN"),
    ],
)
def test_the_hint_of_a_file_that_does_not_fit_is_true(tmp_path, row, hint):
    error = refused(tmp_path, "a.jsonl", lines(row))
    assert error.code == "no_format_fits"
    assert hint in (error.hint or "")


def test_only_the_first_records_are_read(tmp_path):
    content = lines(*[ALPACA] * 100) + b"{ broken"
    assert entry_for(tmp_path, "a.jsonl", content)["columns"] == ENTRY["columns"]


def test_a_csv_of_truths_is_kto(tmp_path):
    entry = entry_for(tmp_path, "a.csv", b"prompt,completion,label\nq,a,True\nq,b,false\n")
    assert entry["columns"]["kto_tag"] == "label"


def test_a_file_nothing_fits_tells_columns_and_the_way_out(tmp_path):
    row = {
        "question": "q",
        "think": "t",
        "answer": "a",
        "metrics": {"n": 1},
        "id": 3,
        "tags": [],
        "note": None,
    }
    error = refused(tmp_path, "my data.jsonl", lines(row))
    assert "matches no format of LLaMA-Factory" in error.message
    assert (
        "columns: question (text), think (text), answer (text), metrics (objects), id (numbers), "
        "tags (lists), note (null)"
    ) in error.message
    assert f"lf-qwen3 convert '{tmp_path}/my data.jsonl' --name NAME --dataset-dir" in error.hint


REFUSED = {
    "empty": ("a.jsonl", b"", "has no rows"),
    "blank": ("a.jsonl", b"\n\n", "has no rows"),
    "empty array": ("a.json", b"[]", "has no rows"),
    "csv header alone": ("a.csv", b"instruction,output\n", "has no rows"),
    "malformed": (
        "a.jsonl",
        lines(ALPACA) + b"{nope\n" + lines(ALPACA),
        "a.jsonl, row 2: the row cannot be parsed",
    ),
    "cut short": ("a.json", b'[{"instruction": "q", "out', "row 1: the file ends inside this row"),
    "not objects": ("a.jsonl", b"[1]\n[2]\n", "row 1: the row is not an object"),
    "invalid UTF-8": (
        "a.jsonl",
        b'{"instruction": "\xff"}\n',
        "row 1: the row contains bytes that are not UTF-8",
    ),
    "text": ("a.txt", b"hello", "a data file has to end in .jsonl, .json, .parquet, .csv"),
    "upper case": ("a.JSONL", lines(ALPACA), "a data file has to end in .jsonl"),
    "packed": ("a.jsonl.gz", b"\x1f\x8b", "a data file has to end in .jsonl"),
    "JSON called csv": ("a.csv", lines(ALPACA), "contains jsonl, but LLaMA-Factory goes by its file name"),
    "no parquet": ("a.parquet", b"PAR2", "not a parquet file"),
    "mark before an array": (
        "a.json",
        b"\xef\xbb\xbf" + json.dumps([ALPACA]).encode(),
        "begins with a byte order mark",
    ),
    "csv by semicolons": ("a.csv", b"instruction;output\nq;a\n", "its columns are 'instruction;output'"),
    "csv with blanks": ("a.csv", b"instruction, output\nq,a\n", "its columns are 'instruction', ' output'"),
    "csv of numbers": ("a.csv", b"instruction,output\nq,1\nq,2.5\n", "output (numbers)"),
    "records under a key": ("a.json", json.dumps({"data": [ALPACA]}).encode(), "the rows under 'data'"),
    "UTF-16": ("a.jsonl", lines(ALPACA).decode().encode("utf-16"), "cannot load this file: UTF-16"),
    "many columns": ("a.jsonl", lines({f"column{n}": "x" for n in range(800)}), "and 790 more"),
}


@pytest.mark.parametrize(("name", "content", "message"), REFUSED.values(), ids=REFUSED)
def test_what_could_not_be_trained_on_is_refused(tmp_path, name, content, message):
    assert message in refused(tmp_path, name, content).message


def test_registering_reports_what_it_found(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(lines({**ALPACA, "id": 1}))
    done = registry.register("mine", "a.jsonl", tmp_path)
    assert (done.kind, done.unused, done.change.added) == ("sft", ("id",), ("mine",))
    assert registry.read_registry(tmp_path) == {"mine": done.entry}


@pytest.mark.parametrize(("name", "folder"), [("a/b", "."), ("good", "missing")])
def test_name_and_folder_are_checked_before_the_file_is_read(tmp_path, name, folder):
    with pytest.raises(UsageError, match=r"cannot be a dataset name|there is no folder"):
        registry.register(name, "nowhere.jsonl", tmp_path / folder)
