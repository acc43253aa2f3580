"""Section Records without gradio: the source row beside a record, and files of other kinds."""

import json
from pathlib import Path

import polars
import pytest

from lf_qwen3.base.progress import NoProgress
from lf_qwen3.board.handlers import data, records
from tests.board.registered import THINKING, alpaca, page, register, rows


def source_of(value: str):
    return records.show_record("data", value)["source"]


def test_a_source_row_stands_beside_its_record(here):
    sources = ["raw/sample_medical_r1.jsonl", "raw/sample_finetome.parquet"]
    form = data.ConversionForm(
        sources, None, None, "mixed", "unroll", None, 0.1, None, "data", tokenizer="no/such"
    )
    data.convert(data.request(form), NoProgress())
    for line in (line for number in (1, 2, 3) for line in page("mixed_val", number, splits=True)["lines"]):
        shown = records.show_record("data", line["value"])
        texts = [text for _, text in shown["source"]["fields"]]
        assert any(line["start"].split(" ")[0] in text for text in texts)
        assert shown["source"]["reason"] == ""
    assert source_of("mixed_train 1")["file"] == "sample_medical_r1.jsonl"
    assert source_of(f"mixed_train {page('mixed_train')['total']}")["file"] == "sample_finetome.parquet"


def test_where_no_source_row_is_known_it_is_said_why(here, outside):
    register("sums_train", alpaca("secret?", "secret"))
    assert source_of("sums_train 1")["reason"] == "unknown"
    source = Path("raw/sample_medical_r1.jsonl")
    form = data.ConversionForm([str(source)], None, None, "med", "unroll", None, 0, None, "data")
    data.convert(data.request(form), NoProgress())
    assert source_of("med_train 1")["reason"] == ""
    content = source.read_text("utf-8")
    source.write_text(content + "\n", "utf-8")
    assert (source_of("med_train 1")["reason"], source_of("med_train 1")["file"]) == ("changed", source.name)
    source.write_text(content, "utf-8")
    own, manifest = Path("data/med_train.jsonl"), Path("data/med.manifest.json")
    lines = own.read_text("utf-8")
    own.write_text("".join(lines.splitlines(keepends=True)[1:]), "utf-8")
    assert (source_of("med_train 1")["reason"], source_of("med_train 1")["file"]) == ("changed", own.name)
    own.write_text(lines, "utf-8")
    made = json.loads(manifest.read_text("utf-8"))
    made["sources"][0]["path"] = str(outside)
    manifest.write_text(json.dumps(made), "utf-8")
    assert source_of("med_train 1")["reason"] == "missing"
    manifest.write_text("{", "utf-8")
    assert source_of("med_train 1")["reason"] == "unknown"


@pytest.mark.parametrize("file", ["rows.parquet", "rows.csv", "rows.json"])
def test_files_of_other_kinds_are_browsed_as_lines_are(here, file):
    register("sums", file=file)
    content = [
        alpaca(f"Frage ü\n{number}", THINKING if number % 2 else "n", big=2**70) for number in range(120)
    ]
    path = Path("data") / file
    frame = polars.DataFrame([row | {"big": 1.5, "none": None} for row in content])
    if file.endswith("json"):
        path.write_text(json.dumps(content), "utf-8")
    else:
        getattr(frame, f"write_{path.suffix[1:]}")(path)
    shown = page("sums", 2, kind="thinking")
    assert [line["row"] for line in shown["lines"]] == [*range(102, 121, 2)]
    assert rows("sums", text="ü\n77") == [78]
    fields = dict(records.show_record("data", "sums 78")["record"]["fields"])
    assert (fields["instruction"], fields["output"]) == ("Frage ü\n77", THINKING)
