"""`convert` from Python: paths of any kind, the report, and what it says of every row."""

import json
from pathlib import Path

import pytest

import lf_qwen3 as lq
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.cli import _output, cli
from lf_qwen3.data.convert.options import ConvertOptions

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
    assert "no record has reasoning" in page


def test_progress_is_told_of_reading_and_writing(source, tmp_path):
    class Phases(NoProgress):
        def __init__(self):
            self.seen = []

        def update(self, status):
            self.seen.append((status.phase, status.done == status.total))

    progress = Phases()
    lq.convert(source, name="mine", dataset_dir=tmp_path / "data", progress=progress)
    assert {("reading", True), ("writing", True)} <= set(progress.seen)


def test_what_json_prints_is_the_report(source, tmp_path):
    report = lq.convert(source, name="mine", dataset_dir=tmp_path / "data")
    assert json.loads(json.dumps(report.as_json()))["rejected"] == {"empty_answer": 1, "malformed": 1}


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("format", "chatml", "option_value"),
        ("turns", "everything", "option_value"),
        ("by", "bytes", "option_value"),
        ("on_bad", "ignore", "option_value"),
        ("limit", 0, "option_value"),
        ("limit", "many", "option_type"),
        ("seed", -1, "option_value"),
        ("val", "many", "option_type"),
        ("val", 1.5, "option_value"),
        ("test", -1, "option_value"),
        ("test", float("inf"), "option_value"),
        ("test", float("nan"), "option_value"),
    ],
)
def test_a_bad_option_is_the_error_of_the_command_line(source, tmp_path, capsys, option, value, code):
    with pytest.raises(lq.UsageError) as error:
        lq.convert(source, name="mine", dataset_dir=tmp_path / "data", **{option: value})
    assert error.value.code == code
    words = ["convert", str(source), "--name", "mine", "--dataset-dir", str(tmp_path / "data")]
    words += [f"--{option.replace('_', '-')}", str(value)]
    assert _output.run(lambda: cli(words, standalone_mode=False)) == 2
    assert error.value.message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"mix": 1.5}, "option_value"),
        ({"mix": "thinking=0.75"}, "option_type"),
        ({"workers": -1}, "option_value"),
        ({"workers": None}, "option_type"),
        ({"limit": True}, "option_type"),
        ({"replace": "yes"}, "option_type"),
        ({"format": ["sharegpt"]}, "option_type"),
        ({"name": 3}, "option_type"),
        ({"dataset_dir": 3}, "option_type"),
        ({"dataset_dir": None}, "option_type"),
        ({"sources": 3}, "option_type"),
        ({"sources": [3]}, "option_type"),
    ],
)
def test_a_value_that_only_python_can_give_is_an_error_with_a_code(source, tmp_path, options, code):
    given = {"sources": source, "name": "mine", "dataset_dir": tmp_path / "data", **options}
    with pytest.raises(lq.UsageError) as error:
        lq.convert(given.pop("sources"), **given)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((("in.jsonl",), "nb", "data"), {}),
        ((("in.jsonl",), "nb", Path("data")), {"format": "chatml"}),
        ((("in.jsonl",), "nb", Path("data")), {"turns": "everything"}),
        (("in.jsonl", "nb", Path("data")), {}),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_read(arguments, options):
    with pytest.raises(lq.UsageError) as error:
        ConvertOptions(*arguments, **options)
    assert error.value.code in ("option_type", "option_value")
