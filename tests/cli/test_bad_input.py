"""Bad input: a clear error or a counted rejection, never a traceback, nothing lost."""

import gzip
import json
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

GOOD = {"question": "q", "think": "t", "answer": "a", "metrics": {}}


def line(**fields):
    return json.dumps({**GOOD, **fields}, ensure_ascii=False).encode() + b"\n"


def turns(*roles):
    messages = [{"from": role, "value": f"text {n}"} for n, role in enumerate(roles)]
    return json.dumps({"conversations": messages}).encode() + b"\n"


@pytest.fixture
def convert(lf, tmp_path, monkeypatch):
    """Return a function that runs the command and gives exit code, its JSON or None, and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*sources, dataset_dir="data"):
        options = ["--name", "set", "--dataset-dir", str(dataset_dir), "--json"]
        code, out, errors = lf("convert", *map(str, sources), *options)
        assert "Traceback" not in errors
        return code, json.loads(out) if code == 0 else None, errors

    return run


def convert_with_limited_memory(folder, source):
    """Run the command in a process of its own, with 2 GiB; returns (exit code, its JSON or None)."""
    command = [sys.executable, "-m", "lf_qwen3", "convert", source, "--name", "set", "--dataset-dir", "data"]
    done = subprocess.run([*command, "--json"], capture_output=True, cwd=folder, preexec_fn=limit_memory)
    assert b"Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout) if done.returncode == 0 else None


@pytest.mark.parametrize(
    ("content", "read", "rejected"),
    [
        pytest.param(b"\xef\xbb\xbf" + line(), 1, {}, id="byte-order-mark"),
        pytest.param(line().replace(b"\n", b"\r\n") * 2, 2, {}, id="windows-line-ends"),
        pytest.param(line() + b"\n \n" + line(question="r"), 2, {}, id="blank-lines"),
        pytest.param(line() + b"{broken}\n", 2, {"malformed": 1}, id="malformed"),
        pytest.param(line() + line()[:20], 2, {"truncated": 1}, id="cut-short"),
        pytest.param(line() + line(answer="x").replace(b"x", b"\0"), 2, {"malformed": 1}, id="raw-nul"),
        pytest.param(line() + line(answer="a\0b"), 2, {"nul": 1}, id="nul"),
        pytest.param(line() + line(answer="x").replace(b"x", b"\xff"), 2, {"invalid_utf8": 1}, id="no-utf-8"),
        pytest.param(
            line() + line(answer="x").replace(b"x", b"\\ud800"), 2, {"surrogate": 1}, id="half-pair"
        ),
        pytest.param(line() + b"[1, 2]\n", 2, {"not_object": 1}, id="no-object"),
        pytest.param(line() + b"{}\n", 2, {"missing_field": 1}, id="no-columns"),
        pytest.param(line() + line(answer=None), 2, {"missing_field": 1}, id="null"),
        pytest.param(line() + line(answer=3) + line(think=["t"]), 3, {"not_text": 2}, id="number-and-list"),
        pytest.param(line() + line(answer=" "), 2, {"empty_answer": 1}, id="empty-answer"),
        pytest.param(line() + line(question=""), 2, {"empty_question": 1}, id="empty-question"),
        pytest.param(turns("human", "gpt") + turns("human", "gpt", "gpt"), 2, {"roles": 1}, id="two-answers"),
        pytest.param(
            turns("human", "gpt") + turns("gpt", "gpt", "human", "gpt"), 2, {"roles": 1}, id="answer-first"
        ),
        pytest.param(turns("human", "gpt") + turns("human"), 2, {"no_answer": 1}, id="no-answer"),
        pytest.param(
            turns("human", "gpt") + turns("human", "narrator"), 2, {"unknown_role": 1}, id="unknown-role"
        ),
    ],
)
def test_a_bad_row_is_counted_and_the_rest_lives(convert, tmp_path, content, read, rejected):
    (tmp_path / "rows.jsonl").write_bytes(content)
    code, report, _ = convert("rows.jsonl")
    assert (code, report["read"], report["rejected"]) == (0, read, rejected)
    assert read == sum(report["written"].values()) + sum(rejected.values()) + report["duplicates"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.jsonl", b"", "empty"),
        ("rows.jsonl", b" \n\n", "no row"),
        ("rows.json", b"[]", "no row"),
        ("rows.csv", b"", "empty"),
        ("rows.jsonl", b'{"alpha": 1, "beta": 2}\n', "alpha, beta"),
        ("rows.parquet", b"PAR1" + b"x" * 50, "it is truncated"),
        ("rows.pdf", b"%PDF", "jsonl"),
    ],
    ids=["empty", "blank", "empty-array", "empty-csv", "wrong-columns", "parquet-cut-short", "unknown-type"],
)
def test_a_file_that_cannot_be_used_is_named_with_a_cure(convert, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    code, _, errors = convert(name)
    assert code == 2
    assert name in errors
    assert said in errors.lower()
    assert "hint: " in errors


def test_a_real_parquet_file_cut_short(convert, tmp_path):
    pq.write_table(
        pa.table({"question": ["q"] * 999, "think": ["t"] * 999, "answer": ["a"] * 999}),
        tmp_path / "p.parquet",
    )
    whole = (tmp_path / "p.parquet").read_bytes()
    (tmp_path / "p.parquet").write_bytes(whole[: len(whole) // 2])
    code, _, errors = convert("p.parquet")
    assert code == 2
    assert "p.parquet" in errors


def test_a_gzip_file_cut_short_keeps_what_came_before(convert, tmp_path):
    packed = gzip.compress(b"".join(line(question=f"q{n}") for n in range(5000)))
    (tmp_path / "rows.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    code, report, _ = convert("rows.jsonl.gz")
    assert code == 0
    assert report["rejected"] == {"truncated": 1}
    assert report["written"]["train"] == report["read"] - 1 > 100


def test_a_folder_of_mixed_types_is_refused(convert, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(line())
    (folder / "b.csv").write_text("question,think,answer\nq,t,a\n")
    code, _, errors = convert("both")
    assert code == 2
    assert "a.jsonl" in errors
    assert "b.csv" in errors


def test_unicode_and_spaces_in_names(convert, tmp_path):
    folder = tmp_path / "Daten für 医学"
    folder.mkdir()
    (folder / "zwei Zeilen 数据.jsonl").write_bytes(line() + line(question="r"))
    code, report, _ = convert(folder / "zwei Zeilen 数据.jsonl", dataset_dir=folder / "das Ziel")
    assert (code, report["written"]) == (0, {"train": 2})
    assert Path(report["files"]["train"]).is_file()


def test_the_same_source_twice_and_a_missing_one(convert, tmp_path):
    (tmp_path / "rows.jsonl").write_bytes(line())
    assert convert("rows.jsonl", "./rows.jsonl")[0] == 2
    code, _, errors = convert("row.jsonl")
    assert code == 2
    assert "row.jsonl" in errors


def test_a_dataset_dir_that_is_a_file(convert, tmp_path):
    (tmp_path / "rows.jsonl").write_bytes(line())
    code, _, errors = convert("rows.jsonl", dataset_dir=tmp_path / "rows.jsonl")
    assert code == 2
    assert "is a file" in errors


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))


@pytest.mark.slow
def test_fifty_megabytes_in_one_row(tmp_path):
    (tmp_path / "rows.jsonl").write_bytes(line() + line(answer="长" * (50 << 20 >> 2)) + line(question="r"))
    code, report = convert_with_limited_memory(tmp_path, "rows.jsonl")
    assert (code, report["written"]) == (0, {"train": 3})


@pytest.mark.slow
def test_many_tiny_rows(tmp_path):
    with (tmp_path / "rows.jsonl").open("w") as file:
        for n in range(50_000):
            file.write(f'{{"question":"{n}","think":"t","answer":"{n % 7}"}}\n')
    code, report = convert_with_limited_memory(tmp_path, "reasoning:rows.jsonl")
    assert (code, report["written"]) == (0, {"train": 50_000})
