"""Rows of the 22 conversations, of pairs and of labels, as the trainers themselves fed them rightly.

test_in_trainers.py feeds the same rows to the trainers, and writes these files: `make trainer-rows`.
"""

from pathlib import Path

import pytest

import lf_qwen3
from lf_qwen3.recipes.new import recipe
from lf_qwen3.recipes.trainers import find_trainer, list_trainers
from lf_qwen3.recipes.trainers.data_file import write_rows
from tests.recipes.trainers.environments import GOLDEN, read_rows

HERE = Path(__file__).parent
NAMES = sorted(file.stem for file in GOLDEN.glob("*.jsonl"))
RECIPES = {"conversations": ("lora-sft", 38), "pairs": ("lora-dpo", 8), "labels": ("lora-kto", 8)}


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """Return a folder where conversations, unrolled, pairs and labels are registered as `NAME_train`."""
    folder = tmp_path_factory.mktemp("golden")
    for name in RECIPES:
        lf_qwen3.convert(HERE / f"{name}.jsonl", name=name, dataset_dir=folder)
    return folder


@pytest.mark.parametrize("golden", NAMES)
def test_the_rows_are_those_that_the_trainer_fed_rightly(registered, tmp_path, qwen_tokenizer, golden):
    head, *rows = read_rows(GOLDEN / f"{golden}.jsonl")
    name, data = golden.split(".")
    assert head == {"trainer": name, "version": find_trainer(name).version}
    method, count = RECIPES[data]
    made = recipe(
        f"qwen3-4b-{method}",
        dataset=data,
        dataset_dir=registered,
        out=tmp_path / "run",
        trainer=name,
        tokenizer=qwen_tokenizer,
        set={"val_size": 0},
    )
    write_rows(made.data[0]).put_in_place()
    assert read_rows(made.data[0].path) == rows
    assert len(rows) == count


def test_each_form_of_row_has_golden_rows():
    """Unsloth takes TRL's, ORPO and SimPO take those of DPO."""
    data = {"sft": "conversations", "dpo": "pairs", "orpo": "pairs", "simpo": "pairs", "kto": "labels"}
    forms = {}
    for name, kind in (golden.split(".") for golden in NAMES):
        forms.setdefault(kind, set()).add(id(find_trainer(name).choose_rows(RECIPES[kind][0][5:])))
    for trainer in list_trainers():
        for stage in data.keys() & {method.split()[1] for method in trainer.methods}:
            assert id(trainer.choose_rows(stage)) in forms[data[stage]], (trainer.name, stage)
