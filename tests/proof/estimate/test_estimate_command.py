"""`lf-qwen3 estimate` as it is typed: with options, with a YAML, with data; the table and the JSON."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from lf_qwen3.cli import _output, cli
from lf_qwen3.proof.check import check
from lf_qwen3.proof.estimate import TrainingPlan, estimate_memory, suggest_changes
from lf_qwen3.proof.estimate.from_yaml import read_plan
from lf_qwen3.proof.estimate.weights import weights

YAML = """\
model_name_or_path: Qwen/Qwen3-4B
stage: sft
do_train: true
finetuning_type: lora
lora_rank: 16
lora_target: q_proj,v_proj
lora_dropout: 0.05
dataset: a
dataset_dir: {folder}
template: qwen3
cutoff_len: 1024
per_device_train_batch_size: 2
gradient_accumulation_steps: 4
num_train_epochs: 2.0
bf16: true
"""


def run(*args):
    result = CliRunner().invoke(cli, ["estimate", *map(str, args)])
    assert result.exception is None, result.output
    return result


def answer(*args):
    return json.loads(run(*args, "--json").stdout)


@pytest.fixture
def yaml(tmp_path):
    rows = [{"instruction": f"Question {at}?", "input": "", "output": "word " * at} for at in range(1, 42)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "dataset_info.json").write_text('{"a": {"file_name": "a.jsonl"}}', "utf-8")

    def write(*lines, text=YAML):
        path = tmp_path / "train.yaml"
        path.write_text(text.format(folder=tmp_path) + "".join(f"{line}\n" for line in lines), "utf-8")
        return path

    return write


def test_the_table_shows_parts_total_and_card():
    lines = run("--model", "Qwen3-8B", "--method", "lora").stdout.splitlines()
    assert lines[0] == "Qwen3-8B lora rank 8, cutoff_len 2,048, batch 1"
    parts = ["weights", "gradients", "optimiser", "activations", "logits", "overhead", "total", "card"]
    assert [line.split()[0] for line in lines[1:9]] == parts
    memory = estimate_memory(TrainingPlan.named("Qwen3-8B"))
    assert f"{memory.total / 2**30:.1f} GiB = {memory.total / 1e9:.1f} GB" in lines[7]


def test_json_holds_bytes():
    found = answer("--model", "Qwen3-8B", "--method", "full", "--gpus", 4, "--zero", 3)
    plan = TrainingPlan.named("Qwen3-8B", method="full", gpus=4, zero=3)
    assert found["memory_bytes"] == estimate_memory(plan).as_json()
    assert found["data"] is None


def test_a_yaml_gives_everything(yaml):
    plan = read_plan(yaml(), 0)[0]
    assert (plan.cutoff_len, plan.batch, plan.rank, plan.accumulates) == (1024, 2, 16, True)
    assert (plan.targets, plan.dropout, plan.precision) == (("q_proj", "v_proj"), True, "autocast")


@pytest.mark.parametrize(
    ("lines", "attribute", "value"),
    [
        (["disable_gradient_checkpointing: true"], "checkpointing", False),
        (["enable_liger_kernel: true"], "fused_loss", True),
        (["quantization_bit: 4"], "method", "qlora"),
        (["optim: paged_adamw_8bit"], "optim", "paged_adamw_8bit"),
        (["additional_target: embed_tokens,lm_head"], "also_trained", ("embed_tokens", "lm_head")),
        (["flash_attn: fa2"], "masks", False),
        (["ray_num_workers: 4"], "gpus", 4),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else None,
)
def test_a_key_of_the_yaml(yaml, lines, attribute, value):
    assert getattr(read_plan(yaml(*lines), 0)[0], attribute) == value


def test_what_a_yaml_leaves_out_is_the_trainers_default(yaml):
    text = "model_name_or_path: Qwen/Qwen3-4B\ndo_train: true\n"
    plan = read_plan(yaml(text=text), 0)[0]
    assert (plan.batch, plan.cutoff_len, plan.rank, plan.accumulates) == (8, 2048, 8, False)
    assert plan.precision == "single"


def test_deepspeed_is_read_beside_the_yaml(yaml, tmp_path):
    zero = {"stage": 3, "offload_optimizer": {"device": "cpu"}, "offload_param": {"device": "none"}}
    (tmp_path / "z3.json").write_text(json.dumps({"zero_optimization": zero}), "utf-8")
    plan = read_plan(yaml("deepspeed: z3.json"), 4)[0]
    assert (plan.zero, plan.gpus, plan.precision) == (3, 4, "half")
    assert (plan.offload_optimizer, plan.offload_weights) == (True, False)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("stage: dpo", {"stage": "dpo", "reference": True, "batch": 4}),
        ("stage: dpo\npref_loss: simpo", {"stage": "dpo", "reference": False, "batch": 4}),
        ("stage: kto\nenable_liger_kernel: true", {"stage": "kto", "reference": True, "batch": 2}),
    ],
)
def test_preferences_are_estimated_as_the_trainer_makes_their_losses(yaml, lines, expected):
    plan = read_plan(yaml(text=YAML.replace("stage: sft", lines)), 1)[0]
    assert {key: getattr(plan, key) for key in expected} == expected
    assert not plan.fused_loss
    assert (
        estimate_memory(plan).tensors > estimate_memory(replace(plan, stage="sft")).tensors
    ) == plan.reference


def test_no_change_is_proposed_that_preferences_cannot_have(yaml):
    plan = read_plan(yaml(text=YAML.replace("stage: sft", "stage: dpo")), 1)[0]
    told = [one.settings for one in suggest_changes(replace(plan, batch=4, cutoff_len=8192))]
    assert any("per_device_train_batch_size: 1, and 2 times" in one for one in told)
    assert not any("liger" in one for one in told)


def test_the_reference_of_full_training_is_another_model_in_16_bits():
    plan = TrainingPlan.named("Qwen3-1.7B", method="full")
    compared = replace(plan, stage="dpo", batch=2, reference=True)
    assert weights(compared) - weights(plan) == 2 * plan.shape.parameters


def test_an_option_wins_over_the_yaml(yaml):
    assert answer(yaml(), "--cutoff-len", 512)["plan"]["cutoff_len"] == 512


def test_steps_of_the_data(yaml):
    data = answer(yaml())["data"]
    assert (data["records"], data["exact"]) == (41, False)
    assert data["steps"] == 2 * 6, "41 records are 21 batches of 2, 6 steps of 4 batches"
    assert data["tokens"] > 41
    assert data["cut"] == 0


def test_several_gpus_divide_the_steps_and_max_steps_ends_them(yaml):
    assert answer(yaml(), "--gpus", 2)["data"]["steps"] == 2 * 3
    assert answer(yaml("max_steps: 5"))["data"]["steps"] == 5


def test_val_size_and_max_samples_take_records_off(yaml):
    assert answer(yaml("val_size: 0.1"))["data"]["records"] == 36
    assert answer(yaml("max_samples: 10"))["data"]["records"] == 10


def test_with_a_tokenizer_the_figures_are_those_of_check(yaml, tokenizer):
    data = answer(yaml("enable_thinking: null"), "--tokenizer", tokenizer, "--cutoff-len", 30)["data"]
    config = yaml("enable_thinking: null")
    figures = check(config=config, tokenizer=tokenizer, cutoff_len=30, ask_trainer=False).tokens["a"]
    assert data["exact"]
    assert data["learnt"] == figures["in_loss_per_epoch"]
    assert data["cut"] == round(figures["cut"] / figures["records"], 4) > 0
    assert data["padding"] == figures["padding_waste"]


def test_lengths_told_from_bytes_are_near(tokenizer, medical_rows, tmp_path):
    texts = [{"instruction": one["question"], "input": "", "output": one["answer"]} for one in medical_rows]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts), "utf-8")
    (tmp_path / "dataset_info.json").write_text('{"a": {"file_name": "a.jsonl"}}', "utf-8")
    common = ["--model", "Qwen3-4B", "--method", "lora", "--dataset", "a", "--dataset-dir", tmp_path]
    told = answer(*common)["data"]["tokens"]
    counted = answer(*common, "--tokenizer", tokenizer)["data"]["tokens"]
    assert abs(told / counted - 1) < 0.2


@pytest.fixture(scope="module")
def tokenizer(qwen_tokenizer_folder):
    return str(qwen_tokenizer_folder)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "a training YAML, or a model and a method"),
        (["--model", "Qwen3-9B", "--method", "lora"], "did you mean Qwen3-"),
        (["there-is-none.yaml"], "there is no file"),
        (
            ["--model", "Qwen3-8B", "--method", "lora", "--dataset", "x", "--dataset-dir", "none"],
            "there is no",
        ),
    ],
    ids=["nothing", "model", "file", "dataset"],
)
def test_wrong_usage(args, words, capsys):
    assert _output.run(lambda: cli(["estimate", *args], standalone_mode=False)) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("do_train: false", "trains nothing"),
        ("stage: ppo", "estimate does not support"),
        ("finetuning_type: oft", "estimate does not support"),
        ("cutoff_len: long", "wrong type"),
        ("per_device_train_batch_size: 0", "batch is 0"),
    ],
)
def test_a_yaml_that_is_not_estimated(yaml, line, words, capsys):
    key = line.split(":")[0]
    text = "\n".join(line if one.startswith(key) else one for one in YAML.splitlines()) + "\n"
    path = str(yaml(text=text))
    assert _output.run(lambda: cli(["estimate", path], standalone_mode=False)) == 2
    assert words in capsys.readouterr().err


def test_data_that_is_not_there_does_not_keep_the_memory_back(yaml):
    text = YAML.replace("dataset: a", "dataset: b")
    result = run(yaml(text=text))
    assert "card" in result.stdout
    assert "the data was not counted: there is no dataset 'b'" in result.stderr
