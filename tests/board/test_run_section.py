"""Section Run without gradio: a run folder made by hand, its diagnosis, what is shown of it."""

import base64
import html
import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.board.handlers import run, run_folders
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts
from tests.board.runs import write_run
from tests.needs import require

require("matplotlib")

LOSSES = [2.0, 1.7, 1.4, 1.2, 1.0, 0.8, 0.6, 0.5, 0.4, 0.3]
RISING = [1.9, 1.5, 1.2, 1.3, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4]
FALLING = [1.9, 1.7, 1.5, 1.3, 1.1, 0.95, 0.85, 0.8, 0.75, 0.72]


def write(folder, validation, losses=LOSSES):
    return str(write_run(folder, losses, validation))


def show(state, language="en"):
    return render("run/diagnosis", texts(language), state=state)


def diagnosed(folder):
    return json.loads(json.dumps(run.diagnose(run.request(folder), NoProgress())))


def test_overfitting_is_told_with_evidence_and_advice(here):
    state = diagnosed(write("saves/Qwen3-4B/lora/train_1", RISING))
    found = {one["code"]: one for one in state["verdicts"]}
    assert state["word"] == "look"
    assert "300" in found["overfit"]["evidence"]
    shown = show(state)
    assert found["overfit"]["advice"] in shown
    assert texts("en")("run.is_look", run="saves/Qwen3-4B/lora/train_1") in shown


def test_figures_are_those_of_the_log(here):
    figures = diagnosed(write("saves/a", RISING))["figures"]
    assert (figures["step"], figures["total"]) == (1000, 1000)
    assert (figures["first"], figures["last"]) == (LOSSES[0], LOSSES[-1])
    assert (figures["best"], figures["best_step"]) == (min(RISING), 300)
    shown = show(diagnosed("saves/a"))
    assert "1,000 / 1,000" in shown
    assert f"{min(RISING):.3f}" in shown


def test_the_curves_are_svg_in_the_page(here):
    pictures = dict(diagnosed(write("saves/a", FALLING))["pictures"])
    assert set(pictures) == {"loss", "learning_rate"}
    for source in pictures.values():
        kind, _, data = source.partition(";base64,")
        assert kind == "data:image/svg+xml"
        assert ElementTree.fromstring(base64.b64decode(data)).tag.endswith("svg")
    assert {one.name for one in here.iterdir()} == {"raw", "saves"}


def test_a_diagnosis_is_shown_in_every_language(here):
    bad, good = diagnosed(write("saves/bad", RISING)), diagnosed(write("saves/good", FALLING))
    for language in languages():
        told, unsound, sound = texts(language), show(bad, language), show(good, language)
        assert told("run.advice") in unsound
        assert told("run.warning") in unsound
        assert told("run.is_sound", run="saves/good") in sound
        assert sound.count("<img") == 2


def test_a_run_with_nothing_but_nan_is_shown(here):
    state = diagnosed(write("saves/a", [float("nan")] * 10, [float("nan")] * 10))
    assert state["figures"]["last"] is state["figures"]["best"] is None
    assert any(one["code"] == "not_a_number" for one in state["verdicts"])
    assert show(state).count("<img") == 1


def test_html_in_a_runs_files_is_shown_as_text(here):
    attack = "<script>alert(1)</script>"
    folder = write(f"saves/{attack.replace('/', '')}", RISING)
    shown = show(diagnosed(folder))
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize(
    ("folder", "code"),
    [
        (None, "nothing_chosen"),
        ("", "nothing_chosen"),
        ("/etc", "path_outside"),
        ("saves/../..", "path_outside"),
        ("saves/none", "file_missing"),
    ],
)
def test_a_folder_that_will_not_do_is_refused(here, folder, code):
    with pytest.raises(UsageError, check=lambda error: error.code == code) as caught:
        run.request(folder)
    assert caught.value.hint


def test_a_folder_that_is_no_run_is_told(here):
    with pytest.raises(LfQwen3Error, check=lambda error: error.code == "no_training_run"):
        diagnosed("raw")


def test_a_train_yaml_that_leads_outside_is_refused(here, outside):
    elsewhere = write(outside.parent / "elsewhere", RISING)
    Path("saves/mine").mkdir(parents=True)
    Path("saves/mine/train.yaml").write_text(f"output_dir: {elsewhere}\n", "utf-8")
    with pytest.raises(UsageError, check=lambda error: error.code == "path_outside"):
        diagnosed("saves/mine")


def test_runs_are_offered_newest_first_without_checkpoints_and_predictions(here):
    for age, name in ((50, "saves/old"), (10, "saves/Qwen3-4B/lora/train_new"), (30, "runs/mine")):
        path = Path(write(name, FALLING), "trainer_log.jsonl")
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    write("saves/old/checkpoint-100", FALLING)
    Path(write("saves/predicted", FALLING), "predict_results.json").touch()
    write(".hidden/run", FALLING)
    write("too/deep/for/a/look/run", FALLING)
    assert run_folders.trainings() == ["saves/Qwen3-4B/lora/train_new", "runs/mine", "saves/old"]


def test_nothing_is_shown_as_what_to_do():
    for language in languages():
        told = texts(language)("run.no_diagnosis")
        assert told in html.unescape(show(None, language))
    shown = show({"error": "<b>it</b>", "hint": "h"})
    assert 'role="alert"' in shown
    assert "<b>" not in shown


@pytest.mark.parametrize("language", languages())
def test_too_few_steps_are_no_praise_and_a_loss_above_chance_is_a_finding(here, language):
    told = texts(language)
    short = diagnosed(write("saves/short", FALLING[:6], LOSSES[:6]))
    assert short["word"] == "short"
    assert f'<p class="lfq-note">{told("run.is_short", run="saves/short")}</p>' in show(short, language)
    blind = diagnosed(write("saves/blind", [13.4] * 6, [13.384, 13.37, 13.36, 13.35, 13.34, 13.323]))
    assert blind["word"] == "look"
    assert "above_chance" in show(blind, language)
