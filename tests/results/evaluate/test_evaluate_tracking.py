"""What is logged to SwanLab, and that its failing costs nothing."""

import json
import sys

import pytest

from lf_qwen3.results.evaluate import evaluate, tracking
from lf_qwen3.trainer import yaml_reader
from tests.needs import require

require("jieba", "nltk", "rouge_chinese", "numpy")


def tracked(out, **more):
    settings = {"use_swanlab": True, "swanlab_mode": "local", "swanlab_project": "mine", **more}
    with (out / "train.yaml").open("a") as yaml:
        yaml.write("".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items()))


def test_scores_and_page_go_to_the_project_of_the_training(out, trained, tmp_path, monkeypatch):
    require("swanlab")
    monkeypatch.chdir(tmp_path)
    tracked(out, swanlab_logdir=str(tmp_path / "logged"), swanlab_run_name="first")
    found = evaluate(out)
    assert found.notes == []
    assert found.tracked == f"project mine, run first evaluation, in {tmp_path / 'logged'}"
    (run,) = (tmp_path / "logged").glob("run-*")
    (page,) = run.glob("media/html/*.html")
    assert page.read_text("utf-8") == (out / "report.html").read_text("utf-8")
    stored = b"".join(one.read_bytes() for one in run.glob("*.swanlab"))
    for name in ("answer/rouge-l/base", "answer/rouge-l/tuned", "form/cut/tuned-base"):
        assert name.encode() in stored


def test_no_key_goes_into_the_request(out, trained):
    tracked(out, swanlab_mode="cloud", swanlab_api_key="a-secret")
    settings = yaml_reader.read(out / "train.yaml").settings
    (out / "train.yaml").write_text("stage: sft\n")
    found = evaluate(out).comparison
    asked = tracking.request(settings, found, out / "report.html")
    assert asked["init"]["mode"] == "online"
    assert "a-secret" not in json.dumps(asked)
    assert asked["scores"]["answer/rouge-l/tuned-base"] == pytest.approx(
        asked["scores"]["answer/rouge-l/tuned"] - asked["scores"]["answer/rouge-l/base"]
    )


def test_a_tracker_that_fails_costs_no_evaluation(out, trained, monkeypatch):
    require("swanlab")
    monkeypatch.setattr(sys, "executable", "false")
    tracked(out)
    found = evaluate(out)
    assert found.tracked == ""
    assert found.notes[0].startswith("nothing was logged to SwanLab")
    assert (out / "report.html").is_file()
