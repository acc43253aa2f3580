"""The table of runs without gradio: folders made by hand, what is read of them, and what is shown."""

import json
import os
import time
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board.handlers import runs_table
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts
from lf_qwen3.data.registry import fingerprint
from lf_qwen3.recipes import find_recipe
from lf_qwen3.results.diagnose import diagnose
from tests.board.runs import write_run

LOSSES = [2.0, 1.7, 1.4, 1.2, 1.0, 0.9, 0.85, 0.8, 0.78, 0.76]
RISING = [1.9, 1.5, 1.2, 1.3, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4]
RECIPE = "qwen3-0.6b-lora-sft"


def write(folder, losses=LOSSES, validation=LOSSES, **more):
    return write_run(folder, losses, validation, **more)


def row(folder=""):
    return next(row for row in runs_table.list_runs()["rows"] if folder in ("", row["folder"]))


def show(state, view="table", language="en"):
    return render(f"run/{view}", texts(language), state=json.loads(json.dumps(state)))


def test_a_row_tells_state_losses_and_diagnosis(here):
    write("saves/good", settings={"model_name_or_path": "Qwen/Qwen3-4B", "dataset": "mine"})
    write("saves/bad", validation=RISING)
    good, bad = row("saves/good"), row("saves/bad")
    assert (good["word"], bad["word"]) == ("sound", "look")
    assert (good["state"], good["step"], good["total"]) == ("finished", 1000, 1000)
    assert (good["model"], good["dataset"]) == ("Qwen/Qwen3-4B", "mine")
    assert (bad["last"], bad["best"]) == (LOSSES[-1], min(RISING))
    assert len(good["spark"].split()) == len(LOSSES)


def test_a_run_that_goes_on_is_running_and_one_that_fell_silent_broken_off(here):
    write("saves/now", LOSSES[:3], LOSSES[:3], is_over=False)
    assert (row()["state"], row()["step"], row()["word"]) == ("running", 300, "short")
    assert texts("en")("run.running") in show(runs_table.list_runs())
    log = Path("saves/now/trainer_log.jsonl")
    os.utime(log, (time.time() - 2 * runs_table.SILENT_SECONDS,) * 2)
    assert row()["state"] == "stopped"
    with log.open("a") as lines:
        lines.write(json.dumps({"current_steps": 400, "total_steps": 1000, "loss": 1.0}) + "\n")
    assert (row()["state"], row()["step"]) == ("running", 400)


def test_the_recipe_and_the_keys_that_are_not_its_own(here):
    write("runs/mine/output")
    settings = find_recipe(RECIPE).settings | {"output_dir": "runs/mine/output", "learning_rate": 0.5}
    lines = [f"{key}: {json.dumps(value)}" for key, value in settings.items()]
    header = f"# Made from the recipe {RECIPE} by `lf-qwen3 recipe new`.\n"
    Path("runs/mine/train.yaml").write_text(header + "\n".join(lines), "utf-8")
    assert (row()["recipe"], row()["changed"]) == (RECIPE, {"learning_rate": 0.5})
    assert "<code>learning_rate: 0.5</code>" in show(runs_table.list_runs())


def test_a_dataset_that_was_written_after_the_run_is_named(here):
    Path("data").mkdir()
    rows = Path("data/mine.jsonl")
    rows.write_text("{}\n", "utf-8")
    Path("data/dataset_info.json").write_text(json.dumps({"mine": {"file_name": rows.name}}), "utf-8")
    os.utime(rows, (time.time() - 60,) * 2)
    write("saves/a", settings={"dataset": "mine", "dataset_dir": "data"})
    assert not row()["is_newer_data"]
    os.utime(rows, (time.time() + 60,) * 2)
    assert row()["is_newer_data"]
    assert texts("en")("run.newer_data") in show(runs_table.list_runs())
    rows.unlink()  # nothing can be known, nothing is said
    assert not row()["is_newer_data"]


def test_a_hash_in_the_yaml_tells_more_than_the_time_of_a_file(here):
    Path("data").mkdir()
    rows = Path("data/mine.jsonl")
    rows.write_text("{}\n", "utf-8")
    Path("data/dataset_info.json").write_text(json.dumps({"mine": {"file_name": rows.name}}), "utf-8")
    write("runs/mine/output")
    header = fingerprint.describe_data(Path("data"), ["mine"])
    settings = ["output_dir: runs/mine/output", "dataset: mine", "dataset_dir: data"]
    Path("runs/mine/train.yaml").write_text("\n".join([*header, *settings]) + "\n", "utf-8")
    os.utime(rows, (time.time() + 60,) * 2)
    assert not row()["is_newer_data"]
    rows.write_text("{ }\n", "utf-8")
    os.utime(rows, (time.time() - 60,) * 2)
    assert row()["is_newer_data"]
    [note] = [note for note in diagnose("runs/mine").notes if "mine was replaced" in note]
    rows.unlink()
    assert not row()["is_newer_data"]
    assert note not in diagnose("runs/mine").notes


def test_the_scores_of_the_newest_evaluation_stand_beside_the_run(here):
    write("saves/Qwen3-4B/lora/a")
    folder = Path("saves/evaluations/Qwen3-4B/lora/a/mine_test-quick")
    folder.mkdir(parents=True)
    pair = {"differences": {"all": {"answer/rouge-l": {"base": 20.0, "other": 35.5}}}}
    (folder / "scores.json").write_text(json.dumps({"pairs": [pair]}), "utf-8")
    assert row()["scores"] == [20.0, 35.5]
    assert "20.0 → 35.5" in show(runs_table.list_runs())
    (folder / "scores.json").write_text("{", "utf-8")
    assert row()["scores"] == []


def test_a_broken_run_hides_no_other(here):
    write("saves/a")
    write("saves/b")
    Path("saves/b/trainer_log.jsonl").write_text("{broken}\n", "utf-8")
    rows = runs_table.list_runs()["rows"]
    assert sorted(bool(row["error"]) for row in rows) == [False, True]
    assert "saves/b" in show({"rows": rows, "count": 2})


def test_a_long_log_is_read_from_its_end(here):
    write("saves/a")
    log = Path("saves/a/trainer_log.jsonl")
    line = json.dumps({"current_steps": 1, "total_steps": 1000, "loss": 3.0}) + "\n"
    log.write_text(line * (2 * runs_table.MOST_READ // len(line)) + log.read_text("utf-8"), "utf-8")
    assert row()["last"] == LOSSES[-1]


def test_a_thousand_runs_are_counted_and_a_page_of_them_is_read(here, monkeypatch):
    for number in range(1000):
        folder = Path(f"saves/run_{number:04}")
        folder.mkdir(parents=True)
        (folder / "trainer_log.jsonl").write_text('{"current_steps": 1, "loss": 1.0}\n', "utf-8")
    read = []
    monkeypatch.setattr(runs_table, "_read_row", lambda folder: read.append(folder) or {"folder": folder})
    shown = runs_table.list_runs()
    assert (shown["count"], len(read)) == (1000, runs_table.PAGE)


def test_only_a_folder_below_the_roots_is_listed(here, tmp_path):
    write("saves/a")
    write("other/b")
    assert [row["folder"] for row in runs_table.list_runs("other")["rows"]] == ["other/b"]
    with pytest.raises(UsageError, check=lambda error: error.code == "path_outside"):
        runs_table.list_runs(str(tmp_path))


def test_a_button_names_a_row_by_its_number_alone(here):
    shown = runs_table.list_runs() if write("saves/a") else None
    assert runs_table.choose_row(shown, "0") == "saves/a"
    for number in ("1", "-1", "saves/a", ""):
        with pytest.raises(UsageError, check=lambda error: error.code == "option_value"):
            runs_table.choose_row(shown, number)


def test_runs_side_by_side_show_what_differs_alone(here):
    common = {"model_name_or_path": "Qwen/Qwen3-4B", "learning_rate": 1e-4, "output_dir": "x"}
    write("saves/a", settings=common)
    write("saves/b", validation=RISING, settings=common | {"learning_rate": 2e-4, "output_dir": "y"})
    shown = runs_table.compare_runs(["saves/a", "saves/b"])
    assert shown["settings"] == [("learning_rate", [1e-4, 2e-4])]
    assert (shown["least"], shown["most"], shown["steps"]) == (min(LOSSES), max(RISING), 1000)
    page = show(shown, "curves")
    assert page.count("<polyline") == 4
    assert "learning_rate" in page
    assert "model_name_or_path" not in page


@pytest.mark.parametrize("named", [[], ["saves/a"], ["saves/a"] * 7])
def test_two_to_six_runs_are_compared(here, named):
    write("saves/a")
    with pytest.raises(UsageError, check=lambda error: error.code == "too_few_runs"):
        runs_table.compare_runs(named)


def test_a_folder_outside_is_not_compared(here, outside):
    write("saves/a")
    with pytest.raises(LfQwen3Error, check=lambda error: error.code == "path_outside"):
        runs_table.compare_runs(["saves/a", str(outside.parent)])


@pytest.mark.parametrize("language", languages())
def test_the_table_is_shown_in_every_language(here, language):
    write("saves/<b>a", settings={"dataset": "<i>"})
    write("saves/c", LOSSES[:3], LOSSES[:3], is_over=False)
    page = show(runs_table.list_runs(), language=language)
    assert "<b>" not in page
    assert "<i>" not in page
    assert texts(language)("run.word_short") in page
    assert texts(language)("run.no_table") in render("run/table", texts(language), state=None)
    assert texts(language)("run.no_curves") in render("run/curves", texts(language), state=None)
