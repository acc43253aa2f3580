"""Rows of the 22 conversations, as they were when the trainers themselves fed LLaMA-Factory's ids of each.

The first line of a file names the trainer's version; test_in_trainers.py holds the same rows against it.
"""

import json
from pathlib import Path

import pytest

import lf_qwen3
from lf_qwen3.recipes.new import recipe
from lf_qwen3.recipes.trainers import find_trainer

HERE = Path(__file__).parent
GOLDEN = sorted(file.stem for file in (HERE / "_golden").glob("*.jsonl"))


@pytest.fixture(scope="module")
def talks(tmp_path_factory):
    """Return a folder where the conversations are registered, unrolled, as `talks_train`."""
    folder = tmp_path_factory.mktemp("talks")
    lf_qwen3.convert(HERE / "conversations.jsonl", name="talks", dataset_dir=folder)
    return folder


def read_rows(path):
    """Return the rows of a JSONL or parquet file."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    import pyarrow.parquet as pq

    return pq.read_table(path).to_pylist()


@pytest.mark.parametrize("name", GOLDEN)
def test_the_rows_are_those_that_the_trainer_fed_rightly(talks, tmp_path, qwen_tokenizer, name):
    head, *rows = read_rows(HERE / "_golden" / f"{name}.jsonl")
    trainer = find_trainer(name)
    assert head == {"trainer": name, "version": trainer.version}
    made = recipe(
        "qwen3-4b-lora-sft",
        dataset="talks",
        dataset_dir=talks,
        out=tmp_path / "run",
        trainer=name,
        tokenizer=qwen_tokenizer,
        set={"val_size": 0},
    )
    made.write()
    assert read_rows(made.data[0].path) == rows
    assert len(rows) == 38


def test_unsloth_takes_trls_rows():
    assert {"ms-swift", "trl", "axolotl", "verl"} == set(GOLDEN)
    assert find_trainer("unsloth").choose_rows("sft") is find_trainer("trl").choose_rows("sft")
