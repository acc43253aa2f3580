"""What the trainers make of our files: their own pipelines, parsers and two steps, each in its environment.

The 22 conversations become 38 records; a trainer must feed LLaMA-Factory's ids and labels, of all of them.
"""

from pathlib import Path

import pytest

import lf_qwen3
from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.recipes.new import recipe
from lf_qwen3.recipes.trainers.records import find_datasets, render_rows
from tests.recipes.trainers.environments import find_python, read_lines, run

pytestmark = [pytest.mark.trainers, pytest.mark.slow]

CONVERSATIONS = Path(__file__).with_name("conversations.jsonl")
RECORDS = 38
STEPS = {
    "ms-swift": (
        "--max_steps",
        "2",
        "--torch_dtype",
        "float32",
        "--bf16",
        "false",
        "--dataset_shuffle",
        "false",
    ),
    "trl": ("--max_steps", "2", "--dtype", "float32", "--bf16", "false", "--use_cpu", "true"),
}


@pytest.fixture
def talks(tmp_path, monkeypatch):
    """Register the conversations, unrolled, as `talks_train` in data/."""
    monkeypatch.chdir(tmp_path)
    lf_qwen3.convert(CONVERSATIONS, name="talks", dataset_dir="data")


@pytest.fixture
def write(tiny):
    """Return a function that writes a run of the tiny model into runs/TRAINER, without validation."""

    def make(trainer, name="lora-sft", dataset="talks", **settings):
        options = {"val_size": 0, **settings}
        out = Path("runs") / f"{trainer}-{name}"
        made = recipe(
            f"qwen3-0.6b-{name}",
            dataset=dataset,
            dataset_dir="data",
            out=out,
            model=tiny,
            trainer=trainer,
            set=options,
        )
        made.write()
        return out / "train.yaml"

    return make


def expected(tiny, settings):
    """Return what LLaMA-Factory learns of the records: ids and labels."""
    tokenizer = tokenizer_files.load(tiny)
    rows = render_rows(find_datasets(["talks_train"], "data", "sft")[0], settings, tokenizer)
    return [list(row.sides[0]) for row in rows]


SETTINGS = {"template": "qwen3", "enable_thinking": None, "mask_history": True, "cutoff_len": 2048}


@pytest.mark.parametrize(
    ("trainer", "probe", "model"), [("ms-swift", "swift_run", "--model"), ("trl", "trl_run", "")]
)
def test_a_trainer_feeds_the_ids_and_labels_and_trains_two_steps(talks, write, tiny, trainer, probe, model):
    find_python(trainer)
    config = write(trainer)
    said = run(trainer, probe, "sft", config, "fed.jsonl", *STEPS[trainer])
    fed = [[row["input_ids"], row["labels"]] for row in read_lines("fed.jsonl")]
    assert len(fed) == RECORDS
    assert fed == expected(tiny, SETTINGS)
    assert "train_loss" in said
    assert list(config.parent.glob("adapter/**/adapter_model.safetensors"))
