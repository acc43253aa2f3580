"""check as a Python call, and its report in a script and in a notebook."""

import json
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.proof.check import CheckReport, check
from lf_qwen3.proof.check.findings import KEEP
from lf_qwen3.proof.check.report import SHOWN

GOOD, EMPTY, SHORT, MARKUP = "It is a stone.", "", "ok", "<br>It is <script>.<br>"


def write(folder: Path, *outputs: str, name: str = "a") -> Path:
    rows = [{"instruction": f"What is {at}?", "output": output} for at, output in enumerate(outputs)]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    info = folder / "dataset_info.json"
    entries = json.loads(info.read_text("utf-8")) if info.exists() else {}
    columns = {"prompt": "instruction", "response": "output"}
    entries[name] = {"file_name": f"{name}.jsonl", "columns": columns}
    info.write_text(json.dumps(entries), "utf-8")
    return folder


def test_folder_and_names_may_be_texts(tmp_path):
    write(tmp_path, GOOD, name="a")
    write(tmp_path, EMPTY, name="b")
    assert list(check(str(tmp_path)).datasets) == ["a", "b"]
    assert list(check(tmp_path, "b").datasets) == ["b"]
    assert list(check(tmp_path, ["b", "a"]).datasets) == ["b", "a"]


def test_the_yaml_may_be_a_text_and_names_the_folder(tmp_path):
    write(tmp_path, GOOD)
    yaml = tmp_path / "train.yaml"
    yaml.write_text(f"dataset: a\ndataset_dir: {tmp_path}\ncutoff_len: 10\n", "utf-8")
    assert list(check(config=str(yaml), ask_trainer=False).datasets) == ["a"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"names": "gone"}, "dataset_not_registered"),
        ({"names": ["a", "gone"]}, "dataset_not_registered"),
        ({"cutoff_len": 0}, "option_value"),
        ({"dataset_dir": None}, "option_missing"),
        ({"dataset_dir": "gone"}, "folder_missing"),
        ({"config": "gone.yaml"}, "file_missing"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_what_is_not_there_is_an_error_of_its_own(tmp_path, options, code):
    write(tmp_path, GOOD)
    with pytest.raises(UsageError) as error:
        check(**{"dataset_dir": tmp_path, **options})
    assert error.value.code == code


def test_findings_errors_and_warnings(tmp_path):
    report = check(write(tmp_path, GOOD, SHORT, EMPTY, MARKUP))
    file = str(tmp_path / "a.jsonl")
    places = [(found.code, found.severity, found.file, found.row) for found in report.findings]
    assert places == [
        ("empty_answer", "error", file, 3),
        ("leftover_markup", "warning", file, 4),
        ("short_answer", "info", file, 2),
    ]
    assert (report.errors, report.warnings) == (report.findings[:1], report.findings[1:2])
    assert report.findings[0].where == f"{file}:3"
    assert report.findings[0]._replace(row=None).where == file
    assert all(found.what and found.cure for found in report.findings)
    assert not report.is_clean
    assert repr(report) == "<CheckReport 1 error, 1 warning: 4 records in 1 dataset, 0% thinking>"


def test_an_error_is_raised_with_the_first_places(tmp_path):
    report = check(write(tmp_path, GOOD, *[EMPTY] * 5))
    with pytest.raises(LfQwen3Error) as error:
        report.raise_for_errors()
    assert error.value.code == "check_failed"
    assert error.value.hint == report.errors[0].cure
    assert error.value.message.startswith("5 errors: ")
    assert error.value.message.count("empty_answer") == 3
    assert f"{tmp_path / 'a.jsonl'}:2" in error.value.message


@pytest.mark.parametrize("outputs", [[GOOD], [GOOD, MARKUP, SHORT]], ids=["clean", "warning and info"])
def test_without_errors_nothing_is_raised(tmp_path, outputs):
    check(write(tmp_path, *outputs)).raise_for_errors()


def test_an_info_leaves_a_report_clean(tmp_path):
    report = check(write(tmp_path, SHORT))
    assert (report.is_clean, len(report.findings)) == (True, 1)


def test_the_frame_has_one_row_for_each_finding(tmp_path):
    report = check(write(tmp_path, GOOD, EMPTY, SHORT))
    frame = report.to_frame()
    assert frame.columns == ["code", "severity", "file", "row", "what", "detail", "cure"]
    assert frame.rows() == [tuple(found) for found in report.findings]
    assert frame["row"].to_list() == [2, 3]
    assert CheckReport().to_frame().schema == frame.schema


def test_the_page_of_a_notebook_is_escaped_and_short(tmp_path):
    page = check(write(tmp_path, MARKUP, *[EMPTY] * (SHOWN + 2)))._repr_html_()
    assert page.count("<td>empty_answer</td>") == SHOWN + 1
    assert "<td>and 2 more</td>" in page
    assert "&lt;br&gt; in message 2" in page
    assert "<br>" not in page
    assert page.count("<table>") == page.count("</table>") == 1


def test_the_page_of_a_clean_report_has_no_table(tmp_path):
    assert check(write(tmp_path, GOOD))._repr_html_() == (
        "<p><b>clean</b>: 1 record in 1 dataset, 0% thinking</p>"
    )


def test_all_findings_are_counted_and_the_first_are_kept(tmp_path):
    report = check(write(tmp_path, *[EMPTY] * (KEEP + 5)))
    assert report.counts == {"empty_answer": KEEP + 5}
    assert [found.row for found in report.findings] == [*range(1, KEEP + 1)]
    assert report.summary()["errors"] == KEEP + 5


class Heard(NoProgress):
    """Keeps the bytes that were reported."""

    def __init__(self):
        self.statuses = []
        self.finished = 0

    def update(self, status):
        self.statuses.append(status)

    def finish(self, title):
        self.finished += 1


def test_progress_counts_the_bytes_of_all_files(tmp_path):
    write(tmp_path, GOOD, SHORT, name="a")
    write(tmp_path, GOOD, name="b")
    progress = Heard()
    check(tmp_path, progress=progress)
    sizes = [(tmp_path / f"{name}.jsonl").stat().st_size for name in "ab"]
    done = [(status.done, status.total, status.unit) for status in progress.statuses]
    assert done == [(sizes[0], sum(sizes), "bytes"), (sum(sizes), sum(sizes), "bytes")]
    assert progress.finished == 1
