"""A run of few rows has steps enough, each of them logged, and nothing stops it by chance."""

import json
from pathlib import Path

import pytest

from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.new import plan_recipe_set
from lf_qwen3.recipes.small_data import ONE_PROCESS

SFT = {"columns": {"prompt": "instruction", "response": "output"}}
CHANGED = ("gradient_accumulation_steps", "logging_steps", "eval_steps", "save_steps")


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Return a function that makes a set on so many training rows: the recipe, and settings by hand."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()

    def make(rows, recipe="qwen3-4b-lora-sft", val=8, **settings):
        splits = {"train": rows, "val": val} if val else {"train": rows}
        info = {f"my_{split}": {"file_name": f"{split}.jsonl", **SFT} for split in splits}
        Path("data/dataset_info.json").write_text(json.dumps(info))
        for split, count in splits.items():
            Path(f"data/{split}.jsonl").write_text("{}\n" * count)
        return plan_recipe_set(RecipeChoice(recipe, "my", "data", "runs/my", None, settings))

    return make


def test_few_rows_make_about_fifty_steps_and_no_early_stop(plan):
    made = plan(62)
    assert [made.train[key] for key in CHANGED] == [4, 1, 0.2, 0.2]
    assert "early_stopping_steps" not in made.train
    assert "early stopping" not in made.texts[Path("runs/my/train.yaml")]
    assert made.train["load_best_model_at_end"] is True
    (note,) = [note for note in made.notes if "steps" in note and "rows make" in note]
    assert "62 rows make 48 steps of 4 records" in note
    assert "8 validation rows" in note


@pytest.mark.parametrize(
    ("rows", "recipe", "accumulation"),
    [
        (10_000, "qwen3-4b-lora-sft", 16),
        (600, "qwen3-4b-lora-sft", 16),
        (300, "qwen3-4b-lora-sft", 16),
        (100, "qwen3-4b-lora-sft", 6),
        (62, "qwen3-0.6b-lora-sft", 2),
        (40, "qwen3-4b-lora-pt", 16),
    ],
)
def test_a_step_takes_fewer_records_only_where_the_steps_are_few(plan, rows, recipe, accumulation):
    made = plan(rows, recipe)
    assert made.train["gradient_accumulation_steps"] == accumulation
    is_short = rows < 550 and "pt" not in recipe
    assert (made.train["logging_steps"] == 1) == is_short
    assert ("early_stopping_steps" in made.train) == (not is_short)
    assert any("rows make" in note for note in made.notes) == is_short


@pytest.mark.parametrize(
    ("rows", "settings", "processes"),
    [
        (62, {}, 1),
        (ONE_PROCESS, {}, 1),
        (ONE_PROCESS + 1, {}, 8),
        (ONE_PROCESS + 1, {"max_samples": 62}, 1),
        (62, {"preprocessing_num_workers": 4}, 4),
        (62, {"dataset": "my_train,my_train"}, 8),
    ],
)
def test_few_rows_are_tokenised_in_one_process(plan, rows, settings, processes):
    made = plan(rows, **settings)
    assert made.train["preprocessing_num_workers"] == processes
    assert ("# one process: " in made.texts[Path("runs/my/train.yaml")]) == (processes == 1)
    predict = made.settings["predict_base.yaml"]
    assert predict["preprocessing_num_workers"] == processes


def test_rows_that_are_not_counted_are_tokenised_as_the_recipe_says(plan):
    plan(1)
    Path("data/train.jsonl").unlink()
    choice = RecipeChoice("qwen3-4b-lora-sft", "my", "data", "runs/my")
    assert plan_recipe_set(choice).train["preprocessing_num_workers"] == 8


def test_packed_rows_are_no_steps(plan):
    assert plan(62, packing=True).train["logging_steps"] == 5


def test_what_is_set_by_hand_stays(plan):
    own = {"gradient_accumulation_steps": 2, "logging_steps": 3, "eval_steps": 7, "early_stopping_steps": 9}
    made = plan(62, **own)
    assert {key: made.train[key] for key in own} == own
    assert made.train["save_steps"] == 7
    assert plan(62, max_steps=5).train["logging_steps"] == 5


def test_rows_held_out_of_the_training_do_not_count(plan):
    note = next(note for note in plan(62, val=0).notes if "rows make" in note)
    assert note.startswith("59 rows make")
    assert plan(10_000, max_samples=62).train["logging_steps"] == 1
