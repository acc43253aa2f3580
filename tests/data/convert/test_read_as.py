"""What a conversion says of files that are no plain run of rows in UTF-8."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data import registry
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.proof.check import check

ROWS = [
    {"instruction": "Name a moon.", "output": "Io."},
    {"instruction": "Name a comet.", "output": "Halley."},
]


@pytest.fixture
def options(tmp_path):
    return ConvertOptions((), "set", tmp_path / "data")


def records(report):
    return [json.loads(line) for line in Path(report.files["train"]).read_bytes().splitlines()]


def manifest(report):
    return json.loads(Path(report.files["manifest"]).read_bytes())


def put(path, content):
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


@pytest.mark.parametrize(
    ("name", "content", "reading"),
    [
        ("x.csv", "question,answer\n什么是卫星？,绕着行星转的天体。\n".encode("gbk"), "GB18030"),
        ("x.json", {"v": 1, "data": ROWS}, "the rows under 'data'; not read beside them: v"),
        ("x.jsonl", ROWS[0], ""),
    ],
)
def test_report_and_manifest_say_how_a_file_was_read(tmp_path, options, name, content, reading):
    source = put(tmp_path / name, content)
    report = convert(replace(options, sources=(source,)))
    assert report.read_as == report.as_json()["read_as"] == ({source: reading} if reading else {})
    assert manifest(report)["sources"][0].get("read_as", "") == reading


def test_texts_of_another_encoding_are_written_as_utf8(tmp_path, options):
    source = put(tmp_path / "x.csv", "question,answer\n什么是卫星？,绕着行星转的天体。\n".encode("gbk"))
    [record] = records(convert(replace(options, sources=(source,))))
    assert record["conversations"][0]["value"] == "什么是卫星？"


def test_the_key_of_a_row_is_a_column_that_was_left(tmp_path, options):
    source = put(tmp_path / "x.json", {"m1": ROWS[0], "m2": ROWS[1]})
    report = convert(replace(options, sources=(source,)))
    assert report.columns[source]["left"] == {"key": 2}


def test_a_part_of_a_conversation_beside_the_rows_is_a_warning(tmp_path, options):
    source = put(tmp_path / "x.json", {"version": "1", "system_prompt": "Be short.", "data": ROWS})
    warnings = convert(replace(options, sources=(source,))).warnings
    assert len([warning for warning in warnings if "'system_prompt' is outside of the rows" in warning]) == 1
    assert not any("'version'" in warning for warning in warnings)


def test_rows_in_a_likely_encoding_are_rejected_with_the_way_out(tmp_path, options):
    lines = ["question;answer", "Wie heißt der Fluß?;Weiß nicht.", "Name a moon.;Io."]
    source = put(tmp_path / "x.csv", "\n".join(lines).encode("latin-1"))
    report = convert(replace(options, sources=(source,)))
    assert report.rejected == {"invalid_utf8": 1}
    assert any(f"iconv -f CP1252 -t utf-8 '{source}'" in warning for warning in report.warnings)


def test_two_lists_of_one_file_are_two_sources(tmp_path, options):
    source = put(tmp_path / "x.json", {"train": ROWS[:1], "more": ROWS[1:]})
    report = convert(replace(options, sources=(f"{source}#train", f"{source}#more")))
    assert [record["conversations"][0]["value"] for record in records(report)] == [
        row["instruction"] for row in ROWS
    ]
    assert [place["path"] for place in manifest(report)["sources"]] == [f"{source}#train", f"{source}#more"]
    with pytest.raises(LfQwen3Error, check=lambda error: error.code == "source_twice"):
        convert(replace(options, sources=(f"{source}#train", f"{source}#train"), replace=True))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", {"data": ROWS}),
        ("x.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS).encode("utf-16")),
        ("x.jsonl", (json.dumps([{"role": "user", "content": "q"}]) + "\n").encode() * 2),
    ],
    ids=["wrapped", "utf16", "lists"],
)
def test_what_only_convert_reads_is_not_registered_and_no_check_passes_it(tmp_path, name, content):
    put(tmp_path / name, content)
    with pytest.raises(LfQwen3Error) as caught:
        registry.register("mine", name, tmp_path)
    assert caught.value.code == "file_not_plain"
    assert "lf-qwen3 convert" in caught.value.hint
    entry = {"mine": {"file_name": name, "columns": {"prompt": "instruction", "response": "output"}}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(entry))
    assert check(tmp_path, "mine").errors
