"""What the trainers make of our files: their own pipelines, parsers and two steps, each in its environment.

The 22 conversations become 38 records; a trainer must feed LLaMA-Factory's ids and labels, of all of them.
"""

import json
from pathlib import Path

import pytest

import lf_qwen3
from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.recipes.new import recipe
from lf_qwen3.recipes.trainers.records import find_datasets, render_rows
from lf_qwen3.trainer.render import MASKED
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


SUM = {"question": "What is 17*24?", "thinking": "17*24 = 408", "answer": "It is \\boxed{408}."}
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


def test_verl_reads_the_ids_and_their_mask_by_the_class_beside_them(talks, write, tiny):
    find_python("verl")
    config = write("verl")
    run("verl", "verl_run", "sft", config.parent, tiny, "fed.jsonl")
    fed = [[row["input_ids"], row["loss_mask"]] for row in read_lines("fed.jsonl")]
    assert len(fed) == RECORDS
    assert fed == [
        [ids, [int(label != MASKED) for label in labels]] for ids, labels in expected(tiny, SETTINGS)
    ]


@pytest.mark.axolotl
def test_axolotl_makes_the_ids_and_labels_of_our_segments(talks, write, tiny):
    find_python("axolotl")
    config = write("axolotl")
    run("axolotl", "axolotl_run", "rows", config, tiny, "fed.jsonl")
    fed = [[row["input_ids"], row["labels"]] for row in read_lines("fed.jsonl")]
    assert len(fed) == RECORDS
    assert fed == expected(tiny, SETTINGS)
    run("axolotl", "axolotl_run", "parse", config)


@pytest.mark.parametrize("trainer", ["ms-swift", "trl"])
def test_a_trainers_parser_takes_every_config(talks, write, tiny, trainer):
    find_python(trainer)
    Path("sums.jsonl").write_text(json.dumps(SUM) + "\n", "utf-8")
    lf_qwen3.convert("sums.jsonl", name="sums", dataset_dir="data")
    on_a_cpu = {"bf16": False}  # the parsers refuse it where there is no GPU
    sft = [write(trainer, name, **on_a_cpu) for name in ("lora-sft", "full-sft", "dora-sft")]
    options: dict = {"dataset": "sums", "dataset_dir": "data", "out": "runs/grpo"}
    grpo = recipe("qwen3-4b-lora-grpo", model=tiny, trainer=trainer, set=on_a_cpu, **options)
    configs = [*sft, grpo.write().choice.out + "/train.yaml"]
    if trainer == "ms-swift":
        run(trainer, "swift_run", "parse", *configs)
    else:
        named = [f"sft:{config}" for config in sft]
        run(trainer, "trl_run", "parse", *named, f"grpo:{configs[-1]}")


def test_verls_reward_takes_the_gold_answers_for_right(talks, tiny):
    find_python("verl")
    Path("sums.jsonl").write_text(json.dumps(SUM) + "\n", "utf-8")
    lf_qwen3.convert("sums.jsonl", name="sums", dataset_dir="data")
    recipe("qwen3-4b-lora-grpo", dataset="sums", dataset_dir="data", out="runs/grpo", trainer="verl").write()
    run("verl", "verl_run", "grpo", "runs/grpo", tiny, "asked.jsonl")
    (asked,) = read_lines("asked.jsonl")
    assert (asked["right"], asked["wrong"]) == (True, False)
    assert asked["prompt"][0]["content"].startswith(SUM["question"])


def test_unsloths_own_mask_is_another(talks, tiny):
    """The empty think block is in its loss, and the newline behind the answer is not."""
    find_python("trl")
    rows = expected(tiny, SETTINGS)
    Path("rows.jsonl").write_text("".join(json.dumps({"input_ids": ids}) + "\n" for ids, _ in rows), "utf-8")
    run("trl", "unsloth_mask", tiny, "rows.jsonl", "labels.jsonl")
    masks = read_lines("labels.jsonl")
    assert len(masks) == RECORDS
    assert not [ids for (ids, labels), mask in zip(rows, masks, strict=True) if labels == mask]
