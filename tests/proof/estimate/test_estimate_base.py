"""Checkpoints that are quantised already, the CPU, DeepSpeed files by their name, and what is refused."""

import json

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.proof.estimate import TrainingPlan, estimate, estimate_memory, list_caveats
from lf_qwen3.proof.estimate.from_yaml import read_plan
from lf_qwen3.proof.estimate.weights import bytes_quantised, optimiser, trained, weights
from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.qwen3.architecture import SHAPES, VOCABULARY

GIB = 1 << 30
LORA = "model_name_or_path: {model}\nstage: sft\ndo_train: true\nfinetuning_type: lora\nbf16: true\n"


@pytest.fixture
def train_yaml(tmp_path):
    def write(*lines, model="Qwen/Qwen3-8B"):
        path = tmp_path / "train.yaml"
        path.write_text(LORA.format(model=model) + "".join(f"{line}\n" for line in lines), "utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("model", "bits", "low", "high"),
    [
        ("Qwen/Qwen3-32B-AWQ", 4, 17.5, 18.5),
        ("Qwen/Qwen3-14B-GPTQ-Int4", 4, 9, 10),
        ("Qwen/Qwen3-8B-GPTQ-Int8", 8, 8.5, 9.5),
        ("unsloth/Qwen3-8B-unsloth-bnb-4bit", 4, 5.5, 6.2),
        ("Qwen/Qwen3-30B-A3B-GPTQ-Int4", 4, 15, 17),
    ],
)
def test_a_quantised_checkpoint_takes_what_its_files_take(train_yaml, model, bits, low, high):
    plan = read_plan(train_yaml(model=model), 1)[0]
    assert (plan.method, plan.bits) == ("qlora", bits)
    assert low < weights(plan) / GIB < high
    assert f"{bits}-bit" in plan.words
    caveat = list_caveats(plan)[0]
    assert "quantised already" in caveat
    assert checkpoints.name_unquantised(model) in caveat
    assert weights(TrainingPlan.named(model)) == weights(plan)
    assert weights(TrainingPlan.named("Qwen3-8B").changed(model=model)) == weights(plan)


def test_quantization_bit_changes_nothing_of_it(train_yaml):
    eight = read_plan(train_yaml("quantization_bit: 8", model="Qwen/Qwen3-8B-AWQ"), 1)[0]
    assert weights(eight) == weights(TrainingPlan.named("Qwen/Qwen3-8B-AWQ"))


def test_fp8_is_loaded_as_16_bits():
    assert weights(TrainingPlan.named("Qwen/Qwen3-8B-FP8")) == weights(TrainingPlan.named("Qwen3-8B"))


def test_another_model_takes_the_quantisation_of_the_base_away():
    plan = TrainingPlan.named("Qwen/Qwen3-8B-AWQ").changed(model="Qwen3-8B")
    assert plan == TrainingPlan.named("Qwen3-8B")


def test_a_folder_tells_its_quantisation_by_its_config(tmp_path):
    shape = SHAPES["8B"]
    config = {
        **{"model_type": "qwen3", "vocab_size": VOCABULARY, "num_hidden_layers": shape.layers},
        **{"hidden_size": shape.hidden, "num_attention_heads": shape.heads, "head_dim": 128},
        **{"num_key_value_heads": shape.kv_heads, "intermediate_size": shape.intermediate},
        "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True},
    }
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    plan = TrainingPlan.named(str(tmp_path))
    assert (plan.base, plan.bits) == ("bitsandbytes", 4)
    assert weights(plan) == weights(TrainingPlan.named("Qwen3-8B", method="qlora"))
    config["quantization_config"] = {"quant_method": "gptq", "bits": 8, "group_size": 128}
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    assert weights(TrainingPlan.named(str(tmp_path))) > 1.5 * weights(plan)
    assert bytes_quantised(8, True) == 1


@pytest.mark.parametrize("options", [{"method": "full"}, {"zero": 3, "gpus": 2}])
def test_what_the_trainer_refuses_of_it_is_refused(options):
    with pytest.raises(UsageError) as error:
        TrainingPlan.named("Qwen/Qwen3-8B-AWQ", **options)
    assert error.value.code == "model_quantised"
    assert "Qwen/Qwen3-8B" in error.value.hint


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("examples/deepspeed/ds_z3_config.json", (3, False, False)),
        ("examples/deepspeed/ds_z3_offload_config.json", (3, True, True)),
        ("examples/deepspeed/ds_z2_config.json", (2, False, False)),
        ("examples/deepspeed/ds_z2_offload_config.json", (2, True, False)),
        ("examples/deepspeed/ds_z0_config.json", (0, False, False)),
        ("cfg/zero3.json", (3, False, False)),
        ("cfg/deepspeed_zero_stage1.json", (2, False, False)),
    ],
)
def test_a_deepspeed_file_that_is_missing_is_known_by_its_name(train_yaml, name, expected):
    plan, _, notes = read_plan(train_yaml(f"deepspeed: {name}"), 4)
    assert (plan.zero, plan.offload_optimizer, plan.offload_weights) == expected
    assert plan.deepspeed
    assert any(name in note for note in notes)


@pytest.mark.parametrize("name", ["deepspeed.json", "ds_config_h200.json", "a100z.json"])
def test_a_name_that_tells_no_stage_is_an_error(train_yaml, name):
    with pytest.raises(UsageError) as error:
        read_plan(train_yaml(f"deepspeed: {name}"), 4)
    assert error.value.code == "file_unreadable"


@pytest.mark.parametrize(
    "lines",
    [
        ["tensor_model_parallel_size: 4", "pipeline_model_parallel_size: 2"],
        ["use_hyper_parallel: true"],
        ["use_kt: true"],
        ["use_asft_loss: true"],
        ["quantization_bit: 4", "quantization_method: hqq"],
    ],
    ids=lambda lines: lines[-1],
)
def test_what_the_formula_cannot_bound_is_refused_by_name(train_yaml, lines):
    with pytest.raises(UsageError) as error:
        read_plan(train_yaml(*lines), 1)
    assert error.value.code == "not_estimated"
    assert lines[-1].split(":")[0] in error.value.message


@pytest.mark.parametrize(
    ("line", "how"),
    [("use_dft_loss: true", "more"), ("use_galore: true", "less"), ("use_unsloth_gc: true", "less")],
)
def test_a_method_outside_the_formula_is_named_with_its_direction(train_yaml, line, how):
    (note,) = formula_notes(train_yaml(line))
    assert note.startswith(line.split(":")[0])
    assert f"takes {how}" in note


def test_dora_takes_more_than_a_lora_however_short_the_rows_are(train_yaml):
    lines = ["cutoff_len: 256", "per_device_train_batch_size: 1", "enable_liger_kernel: true"]
    lora = read_plan(train_yaml(*lines), 1)[0]
    dora = read_plan(train_yaml(*lines, "use_dora: true"), 1)[0]
    assert "DoRA" in dora.words
    assert trained(dora) - trained(lora) == 36 * (2 * 4096 + 2 * 1024 + 2 * 12288 + 4096)
    assert 1.3 < (estimate_memory(dora).total - estimate_memory(lora).total) / 1e9 < 1.9


def test_lora_plus_takes_what_a_lora_takes(train_yaml):
    assert read_plan(train_yaml("loraplus_lr_ratio: 16"), 1)[0] == read_plan(train_yaml(), 1)[0]
    assert formula_notes(train_yaml("loraplus_lr_ratio: 16")) == []


def formula_notes(path):
    return [note for note in read_plan(path, 1)[2] if not note.startswith("the trainer refuses")]


def test_what_the_trainer_refuses_is_told_beside_the_figures(train_yaml):
    notes = read_plan(train_yaml("dataset: a", "lora_rnk: 8"), 1)[2]
    assert [("lora_rnk" in note, "did you mean lora_rank?" in note) for note in notes] == [(True, True)]


@pytest.mark.parametrize(
    ("optim", "each"),
    [
        ("ademamix", 12),
        ("ademamix_8bit", 3),
        ("paged_ademamix_8bit", 3),
        ("adamw_torch_4bit", 1),
        ("adalomo", 0),
    ],
)
def test_the_states_of_an_optimiser(optim, each):
    plan = TrainingPlan.named("Qwen3-8B", optim=optim)
    assert optimiser(plan) == each * trained(plan)


def test_a_run_on_the_cpu_needs_main_memory_and_no_card(train_yaml):
    path = train_yaml("use_cpu: true", model="Qwen/Qwen3-0.6B")
    path.write_text(path.read_text("utf-8").replace("bf16: true\n", ""), "utf-8")
    result = estimate(config=path)
    assert result.card is None
    assert result.smaller == []
    assert "main memory (RAM)" in result.lines()[-1]
    assert "on the CPU" in result.lines()[0]
    assert result.as_json()["card_gb"] is None
