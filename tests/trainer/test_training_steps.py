"""The steps of a run, from its settings and its rows."""

import json

import pytest

from lf_qwen3.proof.estimate import TrainingPlan
from lf_qwen3.proof.estimate.dataset import count_data
from lf_qwen3.trainer.training_steps import count_held_out, count_steps, is_packed


@pytest.mark.parametrize(
    ("settings", "rows", "gpus", "steps"),
    [
        ({}, 24, 1, 18),
        ({"gradient_accumulation_steps": 4}, 24, 1, 6),
        ({"gradient_accumulation_steps": 64}, 24, 1, 3),
        ({"num_train_epochs": 0.5}, 24, 1, 3),
        ({"max_steps": 7}, 24, 1, 7),
        ({"max_steps": -1}, 24, 2, 9),
    ],
)
def test_steps(settings, rows, gpus, steps):
    assert count_steps(settings, rows, 4, gpus) == steps


@pytest.mark.parametrize(
    ("settings", "packed"),
    [
        ({"stage": "sft"}, False),
        ({"stage": "sft", "packing": True}, True),
        ({"stage": "sft", "neat_packing": True}, True),
        ({"stage": "pt"}, True),
        ({"stage": "pt", "packing": False}, False),
    ],
)
def test_packing(settings, packed):
    assert is_packed(settings) is packed


@pytest.mark.parametrize(("size", "held_out"), [(None, 0), (0.1, 3), (8, 8), (99, 24)])
def test_held_out(size, held_out):
    assert count_held_out({"val_size": size}, 24) == held_out


def test_a_preference_pair_is_one_row_of_the_trainer_without_a_tokenizer_too(tmp_path):
    row = {"instruction": "What is it?", "chosen": "A stone.", "rejected": "No idea."}
    (tmp_path / "a.jsonl").write_text((json.dumps(row) + "\n") * 24, "utf-8")
    columns = {"prompt": "instruction", "chosen": "chosen", "rejected": "rejected"}
    entry = {"file_name": "a.jsonl", "ranking": True, "columns": columns}
    (tmp_path / "dataset_info.json").write_text(json.dumps({"a": entry}), "utf-8")
    plan = TrainingPlan.named("Qwen3-0.6B", stage="dpo", batch=2 * 4)
    settings = {"dataset": "a", "dataset_dir": str(tmp_path), "stage": "dpo"}
    figures, _ = count_data(plan, settings, "")
    assert figures.steps == 18
