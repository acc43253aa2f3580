"""What score, compare and diagnose write when they are asked to."""

import json
from pathlib import Path

import pytest

import lf_qwen3 as lq
from tests.needs import require

ANSWERS = {"base": ["Salt.", "Walk."], "tuned": ["Eat less salt.", "Walk every day."]}


@pytest.fixture
def runs(tmp_path) -> dict[str, Path]:
    require("jieba", "rouge_chinese", "numpy")
    folders = {}
    for name, answers in ANSWERS.items():
        folders[name] = tmp_path / f"predict_{name}"
        folders[name].mkdir()
        rows = zip(answers, ANSWERS["tuned"], strict=True)
        lines = [json.dumps({"prompt": label, "predict": answer, "label": label}) for answer, label in rows]
        (folders[name] / "generated_predictions.jsonl").write_text("\n".join(lines))
    return folders


def test_compare_writes_the_reports(runs, tmp_path):
    page, text = tmp_path / "out" / "report.html", tmp_path / "out" / "report.md"
    comparison = lq.compare(str(runs["base"]), runs["tuned"], html=str(page), markdown=text)
    assert comparison.rows == 2
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert text.read_text("utf-8").startswith("# ")


def test_score_writes_the_questions_to_a_judge(runs, tmp_path):
    file = tmp_path / "judge.jsonl"
    report = lq.score(runs["tuned"], judge_export=file, judge_model="m", judge_against=str(runs["base"]))
    assert len(file.read_text("utf-8").splitlines()) == 4
    assert report.scores.rows == [1, 2]
    assert report.judgements is None


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"judge_export": "a", "judge_import": "b"}, "option_conflict"),
        ({"judge_export": "a"}, "option_missing"),
        ({"judge_against": "a"}, "option_missing"),
    ],
)
def test_options_about_a_judge_that_do_not_go_together_are_an_error(runs, options, code):
    with pytest.raises(lq.UsageError) as error:
        lq.score(runs["tuned"], **options)
    assert error.value.code == code


def test_the_questions_are_never_written_over_the_predictions(runs):
    with pytest.raises(lq.UsageError) as error:
        lq.score(runs["base"], judge_export=runs["base"] / "generated_predictions.jsonl", judge_model="m")
    assert error.value.code == "output_is_input"


def test_diagnose_names_the_pictures_that_it_drew(tmp_path):
    require("matplotlib")
    lines = [{"current_steps": step, "total_steps": 3, "loss": 1 / step, "lr": 1e-4} for step in (1, 2, 3)]
    (tmp_path / "trainer_log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert lq.diagnose(str(tmp_path)).plots == []
    plots = lq.diagnose(tmp_path, plots=str(tmp_path / "plots")).plots
    assert plots
    assert all(path.is_file() for path in plots)
