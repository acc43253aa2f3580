"""What the trainers make of our files: their own pipelines, parsers and two steps, each in its environment.

The 22 conversations become 38 records; a trainer must feed LLaMA-Factory's ids and labels, of all of them.
"""

import json
from pathlib import Path

import pytest
import yaml

import lf_qwen3
from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.recipes.new import recipe
from lf_qwen3.recipes.trainers import find_trainer
from lf_qwen3.recipes.trainers.records import find_datasets, render_rows
from lf_qwen3.recipes.trainers.rows import TOKENS
from lf_qwen3.trainer.render import MASKED
from tests.recipes.trainers.environments import find_python, hold_golden_rows, read_lines, run, run_words

pytestmark = [pytest.mark.trainers, pytest.mark.slow]

RECORDS = {"conversations": 38, "pairs": 8, "labels": 8}
DATA = {"sft": "conversations", "dpo": "pairs", "orpo": "pairs", "kto": "labels"}
"""The data of a stage, a file beside this one."""
PROBES = {"ms-swift": "swift_run", "trl": "trl_run", "axolotl": "axolotl_run"}
CPU = {
    "ms-swift": "--max_steps 2 --torch_dtype float32 --bf16 false",
    "trl": "--max_steps 2 --dtype float32 --bf16 false --use_cpu true",
    "axolotl": "",
}
"""Options that let a trainer do two steps without a GPU; Axolotl's are in its probe."""
STAGES = {"ms-swift": ("sft", "dpo", "kto", "orpo"), "trl": ("sft", "dpo", "kto"), "axolotl": tuple(DATA)}


@pytest.fixture
def talks(tmp_path, monkeypatch):
    """Register conversations, unrolled, pairs and labels, as `NAME_train` in data/."""
    monkeypatch.chdir(tmp_path)
    for name in RECORDS:
        lf_qwen3.convert(Path(__file__).with_name(f"{name}.jsonl"), name=name, dataset_dir="data")


@pytest.fixture
def write(tiny):
    """Return a function that writes a run of the tiny model into runs/TRAINER, without validation."""

    def make(trainer, name="lora-sft", **settings):
        dataset, options = DATA[name.split("-")[1]], {"val_size": 0, **settings}
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


def expected(tiny, stage="sft", form=TOKENS):
    """Return what LLaMA-Factory learns of the records: their label, and ids and labels of each side."""
    tokenizer = tokenizer_files.load(tiny)
    rows = render_rows(find_datasets([f"{DATA[stage]}_train"], "data", stage)[0], SETTINGS, tokenizer)
    return [(row.label, [list(form.fit(side, tokenizer)) for side in row.sides]) for row in rows]


def read_fed(file):
    """Return what a trainer feeds of each row, as `expected` does, by the ways in which they hold it."""
    return [(row.get("label"), read_sides(row)) for row in read_lines(file)]


def read_sides(row):
    if "input_ids" in row:
        return [[row["input_ids"], row["labels"]]]
    names = ["completion"] if "completion_ids" in row else ["chosen", "rejected"]
    if row.get("label") is not None:  # ms-swift holds the answer of another row as rejected, for the KL term
        names = names[:1]
    if "prompt_ids" not in row:
        return [[row[f"{name}_input_ids"], row[f"{name}_labels"]] for name in names]
    prompt, answers = row["prompt_ids"], [row[f"{name}_ids"] for name in names]
    return [[prompt + answer, [MASKED] * len(prompt) + answer] for answer in answers]


SUM = {"question": "What is 17*24?", "thinking": "17*24 = 408", "answer": "It is \\boxed{408}."}
SETTINGS = {"template": "qwen3", "enable_thinking": None, "mask_history": True, "cutoff_len": 2048}


@pytest.mark.parametrize(
    ("trainer", "stage"),
    [
        pytest.param(trainer, stage, marks=[pytest.mark.axolotl] * (trainer == "axolotl"))
        for trainer, stages in STAGES.items()
        for stage in stages
    ],
)
def test_a_trainer_feeds_the_ids_and_labels_and_trains_two_steps(talks, write, tiny, trainer, stage):
    find_python(trainer)
    config = write(trainer, f"lora-{stage}")
    command = {"ms-swift": "sft" if stage == "sft" else "rlhf", "trl": stage}.get(trainer, "train")
    said = run(trainer, PROBES[trainer], command, config, "fed.jsonl", *CPU[trainer].split())
    fed, form = read_fed("fed.jsonl"), find_trainer(trainer).choose_rows(stage)
    assert len(fed) == RECORDS[DATA[stage]]
    assert sorted(fed) == sorted(expected(tiny, stage, form))
    assert "train_loss" in said
    hold_golden_rows(trainer, DATA[stage], config.parent / "data" / "train.jsonl")


def test_verl_reads_the_ids_and_their_mask_by_the_class_beside_them(talks, write, tiny):
    find_python("verl")
    config = write("verl", bf16=False, fp16=True)
    run("verl", "verl_run", "sft", config.parent, tiny, "fed.jsonl")
    fed = [[row["input_ids"], row["loss_mask"]] for row in read_lines("fed.jsonl")]
    assert len(fed) == RECORDS["conversations"]
    assert fed == [[ids, [int(label != MASKED) for label in labels]] for _, [(ids, labels)] in expected(tiny)]
    hold_golden_rows("verl", "conversations", config.parent / "data" / "train.parquet")


def test_verls_own_modules_take_the_commands_of_the_run_book(talks, write, write_grpo):
    python = find_python("verl")
    (config, grpo) = (write("verl"), write_grpo("verl"))
    for made, shown in ((config, "TokenisedRows"), (grpo, "max_response_length: 16")):
        command = read_command(made).replace("torchrun --standalone --nproc_per_node=1", "python")
        assert shown in run_words(["sh", "-c", f"{python.parent}/{command} --cfg job"])


def read_command(config):
    """Return the command that stands in the head of a config."""
    return next(line for line in config.read_text("utf-8").splitlines() if " -m verl." in line)[1:].strip()


@pytest.fixture
def write_grpo(talks, tiny):
    """Return a function that writes a GRPO run of the tiny model with one question into runs/grpo."""
    Path("sums.jsonl").write_text(json.dumps(SUM) + "\n", "utf-8")
    lf_qwen3.convert("sums.jsonl", name="sums", dataset_dir="data")
    small = {"num_generations": 2, "prompts_per_step": 1, "max_completion_length": 16}

    def make(trainer):
        options: dict = {"dataset": "sums", "dataset_dir": "data", "out": "runs/grpo", "model": tiny}
        own = {**small, "rewards": "accuracy,think_format", "bf16": False}
        recipe("qwen3-4b-lora-grpo", trainer=trainer, set=own, **options).write()
        return Path("runs/grpo/train.yaml")

    return make


@pytest.mark.parametrize("trainer", ["ms-swift", "trl", pytest.param("axolotl", marks=pytest.mark.axolotl)])
def test_a_trainers_parser_takes_every_config(talks, write, trainer):
    """Those that trained were parsed too; these are the other ways to train the weights."""
    find_python(trainer)
    on_a_cpu = {} if trainer == "axolotl" else {"bf16": False}  # the others refuse it without a GPU
    configs = [("sft", write(trainer, f"{kind}-sft", **on_a_cpu)) for kind in ("full", "dora", "rslora")]
    for stage in STAGES[trainer][1:]:
        configs.append((stage, write(trainer, f"lora-{stage}", finetuning_type="full", **on_a_cpu)))
    named = [f"{stage}:{config}" if trainer == "trl" else config for stage, config in configs]
    run(trainer, PROBES[trainer], "parse", *named)


@pytest.mark.parametrize("trainer", ["ms-swift", "trl"])
def test_a_trainer_does_two_steps_of_grpo(write_grpo, trainer):
    """vLLM writes no answers here: it wants a GPU."""
    find_python(trainer)
    config = write_grpo(trainer)
    settings = yaml.safe_load(config.read_text("utf-8"))
    own = {key: value for key, value in settings.items() if not key.startswith(("vllm", "sleep", "use_vllm"))}
    config.write_text(yaml.safe_dump(own), "utf-8")
    command = "grpo" if trainer == "trl" else "rlhf"
    said = run(trainer, PROBES[trainer], command, config, "fed.jsonl", *CPU[trainer].split())
    assert "completions/mean_length" in said
    assert "train_loss" in said
    run(trainer, PROBES[trainer], "parse", f"grpo:{config}" if trainer == "trl" else config)


def test_verls_reward_takes_the_gold_answers_for_right(write_grpo, tiny):
    find_python("verl")
    write_grpo("verl")
    run("verl", "verl_run", "grpo", "runs/grpo", tiny, "asked.jsonl")
    (asked,) = read_lines("asked.jsonl")
    assert (asked["right"], asked["wrong"]) == (True, False)
    assert asked["prompt"][0]["content"].startswith(SUM["question"])


def test_unsloths_own_mask_is_another(talks, tiny):
    """The empty think block is in its loss, and the newline behind the answer is not."""
    find_python("trl")
    rows = [side for _, [side] in expected(tiny)]
    Path("rows.jsonl").write_text("".join(json.dumps({"input_ids": ids}) + "\n" for ids, _ in rows), "utf-8")
    run("trl", "unsloth_mask", tiny, "rows.jsonl", "masks.jsonl")
    masks = read_lines("masks.jsonl")
    assert len(masks) == RECORDS["conversations"]
    assert not [ids for (ids, labels), mask in zip(rows, masks, strict=True) if labels == mask]
