"""`convert` from Python: paths of any kind, the report, and what it says of every row."""

import json

import pytest

import lf_qwen3 as lq

GOOD = {"question": "1+1?", "reasoning": "R", "answer": "2"}
OTHER = {"question": "3+3?", "answer": "6", "reasoning": "<b>"}
BAD = {"question": "2+2?", "reasoning": "R", "answer": ""}


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, [GOOD, BAD, GOOD, OTHER])) + "\n{\n")
    return path


@pytest.mark.parametrize("paths", [str, lambda path: path, lambda path: [path], lambda path: (str(path),)])
def test_a_source_is_a_text_or_a_path_or_several(source, tmp_path, paths):
    report = lq.convert(paths(source), name="mine", dataset_dir=str(tmp_path / "data"))
    assert report.datasets == ["mine_train"]
    assert report.written == {"train": 2}


def test_the_rejected_rows_come_back_with_place_code_reason_and_content(source, tmp_path):
    report = lq.convert(source, name="mine", dataset_dir=tmp_path / "data")
    rows = list(report.rejected_rows())
    assert [(row.file, row.row, row.code, row.content) for row in rows] == [
        (source.as_posix(), 2, "empty_answer", BAD),
        (source.as_posix(), 5, "malformed", "{"),
    ]
    assert "turn 2" in rows[0].reason
    assert rows == read_rejected(source)


def read_rejected(source):
    rejected = []
    list(lq.read(source, on_reject=rejected.append))
    return rejected


def test_the_frame_accounts_for_every_row(source, tmp_path):
    report = lq.convert(source, name="mine", dataset_dir=tmp_path / "data")
    frame = report.to_frame()
    assert frame["rows"].sum() == report.read == 5
    assert frame.rows() == [
        ("train", None, 2, 2),
        ("rejected", "empty_answer", 1, None),
        ("rejected", "malformed", 1, None),
        ("duplicate", None, 1, None),
        ("left_out", None, 0, None),
    ]


def test_the_page_shows_outcomes_and_warnings_with_every_text_escaped(tmp_path):
    rows = [{"question": f"{number}?", "answer": "a"} for number in range(3)]
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(json.dumps({"reasoning": "", **row}) for row in rows))
    report = lq.convert(source, name="mine", dataset_dir=tmp_path / "data")
    report.name = "<mine>"
    page = report._repr_html_()
    assert "<b>&lt;mine&gt;</b>: 3 rows read" in page
    assert "<td>train</td><td>3</td><td>3</td>" in page
    assert "no record has any thinking" in page


def test_what_json_prints_is_the_report(source, tmp_path):
    report = lq.convert(source, name="mine", dataset_dir=tmp_path / "data")
    assert json.loads(json.dumps(report.as_json()))["rejected"] == {"empty_answer": 1, "malformed": 1}
