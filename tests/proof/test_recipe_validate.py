"""`recipe validate`: no false alarm over what LLaMA-Factory's own examples hold, a line for each fault."""

import json

import pytest

from lf_qwen3.proof.validate import validate
from lf_qwen3.recipes import list_shipped
from lf_qwen3.trainer.settings import judge, kinds
from lf_qwen3.trainer.settings.judge import REFUSED

# Every key of the training, inference and export examples of LLaMA-Factory 0.9.5, spelt as it stands there.
EXAMPLE_LINES = """
adapter_name_or_path: saves/qwen3-4b/lora/sft
apollo_layerwise: true  # choices: [true, false], use false for DDP training
apollo_rank: 128
apollo_scale_type: channel
apollo_target: all
asft_alpha: 0.05
badam_mode: layer
badam_switch_interval: 50
badam_switch_mode: ascending
badam_verbose: 2
bf16: true
cutoff_len: 2048
dataloader_num_workers: 4
dataset: identity,alpaca_en_demo
dataset_dir: REMOTE:llamafactory/demo_data  # or use local absolute path
ddp_timeout: 180000000
deepspeed: examples/deepspeed/ds_z3_config.json  # choices: [ds_z0_config.json, ds_z2_config.json]
disable_gradient_checkpointing: false
do_predict: true
do_train: true
double_quantization: false
eval_dataset: identity,alpaca_en_demo
export_device: cpu  # choices: [cpu, auto]
export_dir: saves/qwen3_sft_merged
export_legacy_format: false
export_quantization_bit: 4
export_quantization_dataset: data/c4_demo.jsonl
export_size: 5
finetuning_type: lora
flash_attn: fa2
fp8: true
fp8_backend: torchao
fp8_enable_fsdp_float8_all_gather: false
freeze_language_model: false
freeze_multi_modal_projector: true
freeze_trainable_layers: 8
freeze_trainable_modules: all
freeze_vision_tower: true
fsdp: [full_shard, auto_wrap]
fsdp_config: {fsdp_version: 2}
galore_layerwise: true
galore_rank: 128
galore_target: all
gradient_accumulation_steps: 8
image_max_pixels: 262144
infer_backend: huggingface  # choices: [huggingface, vllm, sglang, ktransformers]
learning_rate: 1.0e-4
logging_steps: 10
lora_rank: 8
lora_target: all
loraplus_lr_ratio: 16.0
lr_scheduler_type: cosine
max_new_tokens: 512
max_samples: 1000
max_steps: 10
mixture_of_depths: convert
model_name_or_path: meta-llama/Meta-Llama-3-8B-Instruct
num_train_epochs: 3.0
oft_block_size: 32
oft_target: all
optim: paged_adamw_8bit
output_dir: saves/qwen3-4b/lora/sft
overwrite_cache: true
overwrite_output_dir: true
per_device_eval_batch_size: 1
per_device_train_batch_size: 1
pissa_convert: true
pissa_init: true
pissa_iter: 16
plot_loss: true
predict_with_generate: true
pref_beta: 0.1
pref_loss: sigmoid  # choices: [sigmoid (dpo), orpo, simpo]
preprocessing_num_workers: 16
pure_bf16: true
quantization_bit: 4  # choices: [8 (bnb/hqq/eetq), 4 (bnb/hqq), 3 (hqq), 2 (hqq)]
quantization_method: bnb  # choices: [bnb, hqq, eetq]
ray_num_workers: 4
report_to: none  # choices: [none, wandb, tensorboard, swanlab, mlflow]
resume_from_checkpoint: null
reward_model: saves/llama3-8b/lora/reward
run_name: llama3_fp8_deepspeed_sft
save_only_model: false
save_steps: 500
seed: 1234
stage: dpo
template: qwen3_nothink
tokenized_path: saves/qwen3-4b/dataset/sft
top_k: 0
top_p: 0.9
trust_remote_code: true
use_adam_mini: true
use_apollo: true
use_asft_loss: true
use_badam: true
use_dft_loss: true
use_eaft_loss: true
use_galore: true
use_kt: true
use_llama_pro: true
use_muon: true
video_max_pixels: 16384
warmup_ratio: 0.1
### eval
# val_size: 0.1
""".strip().splitlines()

# Other spellings that the trainer takes.
SPELLINGS = """
learning_rate: 2e-5
learning_rate: 1
num_train_epochs: 2
eval_steps: 0.1
warmup_steps: 20
val_size: 100
bf16: yes
bf16: False
fsdp: full_shard auto_wrap
report_to: [tensorboard, wandb]
report_to:
lora_target: q_proj,v_proj
lora_target: [q_proj, v_proj]
dataset: [a, b]
eval_strategy: "no"
run_name: 2024-01-01
run_name: no-thinking
enable_thinking: null
enable_thinking: ~
deepspeed: {zero_optimization: {stage: 2}}
vllm_config: {enable_prefix_caching: true}
quantization_bit: null
additional_target: embed_tokens,lm_head
interleave_probs: 0.7,0.3
rope_scaling: yarn
packing: null
""".strip().splitlines()

ELSEWHERE = {
    "v1": "model: Qwen/Qwen3-4B\nmodel_class: llm\ntemplate: qwen3_nothink\npeft_config:\n  name: lora\n"
    "quant_config: null\ntrain_dataset: data/v1_sft_demo.yaml\nmicro_batch_size: 1\nlearning_rate: 1e-4\n"
    "dist_config:\n  name: fsdp2\n  dcp_path: null # a comment\n",
    "megatron": "model_name_or_path: Qwen/Qwen3-30B-A3B\nstage: sft\ndataset: a\nlearning_rate: 3e-6\n"
    "tensor_model_parallel_size: 1\nsequence_parallel: false\nrecompute_granularity: full\n",
    "eval": "model_name_or_path: a/b\ntask: mmlu_test  # choices: [mmlu_test, ceval_validation]\nlang: en\n"
    "n_shot: 5\nsave_dir: saves/eval\nbatch_size: 4\ntemplate: llama3\nfinetuning_type: lora\n",
    "accelerate": "compute_environment: LOCAL_MACHINE\ndebug: false\ndistributed_type: FSDP\n"
    "downcast_bf16: 'no'\nnum_processes: 2\ntpu_env: []\nfsdp_config:\n  fsdp_version: 2\n",
    "tokens": '# tokens\n"<|START_OF_SVG|>": "Marks the beginning"\n"<|END_OF_SVG|>": "Marks the end"\n',
    "board": "top.model_name: Qwen3-4B-Instruct\ntop.finetuning_type: lora\ntrain.cutoff_len: 2048\n",
    "rules": "- match:\n    name: ^model\n  replace:\n    class: a.b.C\n",
}


@pytest.fixture
def found(tmp_path):
    """Return a function that validates a text."""

    def look(text: str):
        path = tmp_path / "some.yaml"
        path.write_text(text, "utf-8")
        return validate(path)

    return look


@pytest.mark.parametrize("line", EXAMPLE_LINES)
def test_no_line_of_the_trainers_examples_raises_an_alarm(found, line):
    model = "" if line.startswith("model_name_or_path") else "model_name_or_path: a/b\n"
    assert [one.message for one in found(model + line + "\n").findings if one.code != REFUSED] == []


def test_the_trainers_examples_raise_no_alarm_together(found):
    report = found("\n".join(EXAMPLE_LINES))
    assert {one.code for one in report.findings} == {REFUSED, "quantised_refused"}
    assert (report.notes, report.dialect, report.command) == ([], "train", "train")
    assert report.settings == sum(not line.startswith("#") for line in EXAMPLE_LINES)


@pytest.mark.parametrize("line", SPELLINGS)
def test_a_spelling_that_the_trainer_takes_raises_no_alarm(found, line):
    assert [one for one in found(f"model_name_or_path: a/b\n{line}\n").findings if one.code != REFUSED] == []


@pytest.mark.parametrize("dialect", ELSEWHERE)
def test_another_kind_of_yaml_is_told_apart(found, dialect):
    report = found(ELSEWHERE[dialect])
    assert (report.dialect, report.findings) == (dialect, [])
    assert report.notes == [kinds.NOTES[dialect]]


@pytest.mark.parametrize("recipe", list_shipped(), ids=lambda recipe: recipe.name)
def test_a_shipped_recipe_is_valid(recipe):
    report = validate(recipe.path)
    assert (report.findings, report.settings) == ([], len(recipe.settings))


@pytest.mark.parametrize(
    ("line", "code", "message", "hint"),
    [
        ("learning_rat: 1e-4", "unknown_key", "has no such key", "did you mean learning_rate?"),
        ("lr: 1e-4", "unknown_key", "has no such key", "did you mean learning_rate?"),
        ("max_seq_length: 1024", "unknown_key", "has no such key", "did you mean cutoff_len?"),
        ("min_p: 0", "unknown_key", "has no such key", "repetition_penalty"),
        ("lora_rank: '16'", "wrong_value", '"16" is not integer', "take the quotes away: lora_rank: 16"),
        ("learning_rate: '1e-4'", "wrong_value", '"1e-4" is not number', "take the quotes away"),
        ("eval_strategy: no", "wrong_value", "false is not one of", 'write eval_strategy: "no"'),
        ("save_strategy: off", "wrong_value", "false is not one of", 'write save_strategy: "no"'),
        ("save_strategy: stepss", "wrong_value", "is not one of", "did you mean steps?"),
        ("lora_rank: '1.5'", "wrong_value", '"1.5" is not integer', "intrinsic dimension"),
        ("finetuning_type: yes", "wrong_value", "true is not one of", "fine-tuning method"),
        ("finetuning_type: qlora", "wrong_value", '"qlora" is not one of', "quantization_bit: 4"),
        ("stage: pretrain", "wrong_value", '"pretrain" is not one of', "did you mean pt?"),
        ("flash_attn: flash_attention_2", "wrong_value", "is not one of", "did you mean fa2?"),
        ("cutoff_len: ???", "wrong_value", "still to be filled in", "cutoff length"),
        ("bf16: 'true'", "wrong_value", '"true" is not boolean', ""),
        ("ray_run_name: x", "gone_key", "refuses it", "leave it out"),
        ("tensor_model_parallel_sizes: 2", "unknown_key", "has no such key", "training.schema.json"),
        ("model_name_or_path: c/d", "repeated_key", "stood there before", "take one of the lines out"),
    ],
    ids=lambda value: value if ":" in value else "",
)
def test_a_fault_has_its_line_and_its_cure(found, line, code, message, hint):
    report = found(f"# a comment\nmodel_name_or_path: a/b\n\n{line}\n")
    assert [(one.code, one.severity, one.row) for one in report.findings] == [(code, "error", 4)]
    assert report.findings[0].message.startswith(line.partition(":")[0])
    assert message in report.findings[0].message
    assert hint in report.findings[0].hint
    assert not report.is_valid


def test_findings_stand_in_the_order_of_their_lines_and_an_info_makes_no_file_valid(found):
    report = found("bf16: 1\nlr: 1\nmodel_name_or_path: a/b\nlora_rank: x\nlr: 2\n")
    assert [(one.row, one.severity) for one in report.findings][:2] == [(1, "info"), (2, "error")]
    assert [one.row for one in report.findings] == [1, 2, 4, 5]
    assert not report.is_valid


@pytest.mark.parametrize(
    ("installed", "severity"), [("", "info"), ("4.57.1", "info"), ("5.0.0", "error"), ("5.6.0", "error")]
)
def test_a_key_of_transformers_4_is_an_error_where_5_is_installed(found, monkeypatch, installed, severity):
    monkeypatch.setattr(judge, "_transformers", lambda: installed)
    report = found("model_name_or_path: a/b\nfsdp_transformer_layer_cls_to_wrap: LlamaDecoderLayer\n")
    assert [(one.code, one.severity) for one in report.findings] == [("version_key", severity)]
    assert "leave it out" in report.findings[0].hint
    assert report.is_valid == (severity == "info")


@pytest.mark.parametrize(
    "text", ["stage: sft\n", "tensor_model_parallel_size: 1\n"], ids=["train", "megatron"]
)
def test_a_training_needs_a_model(found, text):
    assert [finding.code for finding in found(text).findings] == ["no_model"]


@pytest.mark.parametrize("dialect", ["v1", "eval"])
def test_the_values_of_another_engine_are_not_checked(found, dialect):
    changed = ELSEWHERE[dialect].replace("template: ", "seed: x\ntemplate: ")
    assert found(changed).findings == []


def test_a_megatron_file_is_still_read_closely(found):
    report = found(ELSEWHERE["megatron"] + "expert_model_paralel_size: 2\nlora_rank: x\n")
    assert [(one.code, one.row) for one in report.findings] == [("unknown_key", 8), ("wrong_value", 9)]
    assert report.findings[0].hint == "did you mean expert_model_parallel_size?"


def test_a_v1_file_is_held_against_the_keys_of_v1(found):
    report = found(ELSEWHERE["v1"] + "learning_rat: 1\n")
    assert [one.hint for one in report.findings] == ["did you mean learning_rate?"]


@pytest.mark.parametrize(
    ("text", "row", "message"),
    [
        ("a: [1\nb: 2\n", 2, "expected"),
        ("a: b: c\n", 1, "mapping values are not allowed"),
        ("\tstage: sft\n", 1, "cannot start any token"),
        ("", None, "no settings"),
        ("# only a comment\n", None, "no settings"),
        ("sft\n", 1, "no settings"),
    ],
    ids=["open bracket", "two colons", "tab", "empty", "comments only", "one word"],
)
def test_what_is_no_yaml_is_a_finding(found, text, row, message):
    report = found(text)
    assert [(one.code, one.row) for one in report.findings] == [("not_yaml", row)]
    assert message in report.findings[0].message


@pytest.mark.parametrize(
    ("settings", "takes_4_bits"),
    [
        ({"adapter_name_or_path": "saves/x", "export_dir": "merged"}, False),
        ({"stage": "sft", "do_train": True, "deepspeed": "ds_z3_config.json"}, True),
        ({"stage": "sft", "do_train": True, "use_dora": True}, False),
    ],
)
def test_what_cannot_be_done_over_quantised_weights(tmp_path, settings, takes_4_bits):
    path = tmp_path / "a.yaml"
    for ending, bits, is_refused in (
        ("-AWQ", None, True),
        ("", None, False),
        ("", 4, not takes_4_bits),
        ("", 8, True),
    ):
        asked = {
            "model_name_or_path": f"Qwen/Qwen3-32B{ending}",
            "quantization_bit": bits,
            "template": "qwen3",
        }
        path.write_text(json.dumps({**asked, **settings}), "utf-8")
        assert ("quantised_refused" in {finding.code for finding in validate(path).findings}) is is_refused
