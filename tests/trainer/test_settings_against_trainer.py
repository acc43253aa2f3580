"""The judge of settings and the trainer's own parsers give one verdict: no miss, no false alarm.

One import of the trainer for the whole table. Each line of `REFUSED` breaks a rule and each of `TAKEN` is its
sound neighbour; `BASE` is added to both. Datasets are not looked up: they are no part of the settings.
"""

from functools import cache
from pathlib import Path

import pytest

from lf_qwen3.recipes import list_derived, list_shipped
from lf_qwen3.recipes.presets import list_presets
from lf_qwen3.trainer import ask_child, yaml_reader
from lf_qwen3.trainer.settings import judge, kinds
from lf_qwen3.trainer.settings.shared_rules import ANSWERING, SHARED
from lf_qwen3.trainer.settings.training_rules import TRAINING
from lf_qwen3.trainer.yaml_reader import YamlReading

pytestmark = pytest.mark.llamafactory

BASE = "model_name_or_path: a/b, stage: sft, do_train: true, dataset: a, template: qwen3, output_dir: out, "
REFUSED = """
model_name_or_path: null
template: qwen3_think
tool_format: qwen9
template: bailing, train_on_prompt: true
image_max_pixels: 10
video_max_pixels: 10
export_quantization_bit: 4
dataset: null, do_train: false, val_size: 0.1
eval_dataset: b, val_size: 0.1
interleave_probs: "0.5,0.5", dataset: "a,b"
mix_strategy: interleave_over, interleave_probs: "1.0", dataset: "a,b"
mix_strategy: interleave_over, interleave_probs: "0.5,0.5", dataset: "a,b", eval_dataset: c
streaming: true, max_steps: 10, val_size: 0.1
streaming: true, max_steps: 10, max_samples: 9
mask_history: true, train_on_prompt: true
ref_model_quantization_bit: 5
stage: ppo
stage: ppo, reward_model: r, finetuning_type: full, reward_model_type: lora
stage: ppo, reward_model: r, reward_model_type: oft
stage: dpo, pref_loss: hinge, dpo_label_smoothing: 0.1
use_llama_pro: true, finetuning_type: full
use_galore: true
use_apollo: true
use_badam: true
finetuning_type: full, use_galore: true, use_apollo: true
stage: kto, pissa_init: true
stage: dpo, pissa_init: true
finetuning_type: full, loraplus_lr_ratio: 16
finetuning_type: full, use_rslora: true
finetuning_type: full, use_dora: true
finetuning_type: freeze, pissa_init: true
finetuning_type: full, adapter_name_or_path: x
finetuning_type: full, quantization_bit: 4
quantization_bit: 4, pissa_init: true
quantization_bit: 4, resize_vocab: true
quantization_bit: 4, adapter_name_or_path: x, create_new_adapter: true
quantization_bit: 4, adapter_name_or_path: "x,y"
eval_strategy: steps, val_size: 9, logging_steps: 0, logging_strategy: "no"
logging_steps: 0
torch_empty_cache_steps: 0
logging_steps: 1.5
eval_strategy: steps, val_size: 9, eval_steps: 1.5
save_steps: 1.5
load_best_model_at_end: true, eval_strategy: epoch, val_size: 9
load_best_model_at_end: true, eval_strategy: steps, val_size: 9, eval_steps: 100, save_steps: 150
load_best_model_at_end: true, eval_strategy: steps, val_size: 9, eval_steps: 0.1, save_steps: 0.15
load_best_model_at_end: true, eval_strategy: steps, val_size: 9, eval_steps: 100, save_steps: 0.1
fp16: true, bf16: true
fp16_full_eval: true, bf16_full_eval: true
lr_scheduler_type: reduce_lr_on_plateau
warmup_steps: -1
warmup_ratio: -0.1
dataloader_prefetch_factor: 2
fsdp: offload
fsdp: full_shard shard_grad_op
stage: pt, predict_with_generate: true, val_size: 9
stage: dpo, neat_packing: true
stage: dpo, mask_history: true
stage: kto, train_on_prompt: true
do_predict: true, val_size: 9
stage: rm, load_best_model_at_end: true, eval_strategy: steps, val_size: 9
stage: ppo, reward_model: r, do_train: false
stage: ppo, reward_model: r, shift_attn: true
stage: ppo, reward_model: r, use_kt: true
stage: ppo, reward_model: r, use_unsloth: true
stage: ppo, reward_model: r, report_to: swanlab
streaming: true
dataset: null
do_eval: true
eval_strategy: steps
do_predict: true, predict_with_generate: true
predict_with_generate: true, val_size: 9, deepspeed: z3.json
predict_with_generate: true, val_size: 9, compute_accuracy: true
quantization_device_map: auto
pissa_init: true, deepspeed: z3.json
finetuning_type: full, pure_bf16: true, deepspeed: z3.json
finetuning_type: full, use_galore: true, galore_layerwise: true, deepspeed: z2.json
finetuning_type: full, use_apollo: true, apollo_layerwise: true, deepspeed: z2.json
finetuning_type: full, use_badam: true, badam_mode: ratio, deepspeed: z3.json
finetuning_type: full, use_badam: true, deepspeed: z2.json
finetuning_type: full, use_galore: true, deepspeed: z2.json
fp8: true, quantization_bit: 4
infer_backend: vllm
use_unsloth: true, deepspeed: z3.json
use_kt: true, deepspeed: z3.json
report_to: trackio, project: ""
learning_rat: 1
lr: 1
save_safetensors: true
image_resolution: 9
eval_strategy: no
lr_scheduler_type: cosinus
optim: adam
seed: 42.0
finetuning_type: qlora
""".strip().splitlines()
TAKEN = """
template: qwen3_nothink
template: null
tool_format: qwen
train_on_prompt: true
image_max_pixels: 4096
export_quantization_bit: 4, export_quantization_dataset: c.jsonl
dataset: null, do_train: false
eval_dataset: b
val_size: 0.1
mix_strategy: interleave_over, interleave_probs: "0.5,0.5", dataset: "a,b"
mix_strategy: interleave_under, interleave_probs: "0.5,0.5", dataset: "a,b", eval_dataset: "c,d"
streaming: true, max_steps: 10, val_size: 100
mask_history: true
ref_model_quantization_bit: 8
stage: ppo, reward_model: r
stage: ppo, reward_model: r, reward_model_type: full, report_to: wandb
stage: ppo, reward_model: r, report_to: none
stage: ppo, reward_model: r, reward_model_type: api
stage: dpo, dpo_label_smoothing: 0.1
stage: dpo, pref_loss: simpo, pissa_init: true
use_llama_pro: true, finetuning_type: freeze
finetuning_type: full, use_galore: true
finetuning_type: full, use_badam: true
finetuning_type: full, use_badam: true, deepspeed: z3.json
loraplus_lr_ratio: 16
use_rslora: true, use_dora: true
finetuning_type: full, use_dora: false
pissa_init: true
adapter_name_or_path: "x,y"
quantization_bit: 4
quantization_bit: 4, adapter_name_or_path: x
finetuning_type: oft, quantization_bit: 4
quantization_bit: 4, deepspeed: z3.json
eval_strategy: steps, val_size: 9
eval_strategy: "no"
logging_steps: 0.1
logging_steps: 2.0
logging_strategy: "no", logging_steps: 0
load_best_model_at_end: true, save_strategy: best
load_best_model_at_end: true, save_strategy: "no"
load_best_model_at_end: true, eval_strategy: epoch, save_strategy: epoch, val_size: 9
load_best_model_at_end: true, eval_strategy: steps, val_size: 9, eval_steps: 100, save_steps: 300
load_best_model_at_end: true, eval_strategy: steps, val_size: 9, eval_steps: 0.1, save_steps: 0.3
load_best_model_at_end: true, eval_strategy: steps, val_size: 9, eval_steps: 0.05, save_steps: 0.15
fp16: true
bf16: true
bf16: 1
lr_scheduler_type: greedy, eval_strategy: steps, val_size: 9
warmup_ratio: 0.1
warmup_steps: 0.1
dataloader_prefetch_factor: 2, dataloader_num_workers: 2
fsdp: full_shard auto_wrap
fsdp: [full_shard, offload]
stage: pt
stage: rm, eval_strategy: steps, val_size: 9
stage: kto
do_train: false, do_predict: true, predict_with_generate: true, eval_dataset: b
predict_with_generate: true, val_size: 9, deepspeed: z2.json
compute_accuracy: true
do_train: false, quantization_device_map: auto
finetuning_type: full, pure_bf16: true, deepspeed: z2.json
infer_backend: huggingface
use_unsloth: true
use_kt: true
enable_liger_kernel: true
use_swanlab: true
fp8: true
report_to: trackio
report_to: [wandb, tensorboard]
resume_from_checkpoint: true
<<: {bf16: true}
packing: null
rope_scaling: yarn
deepspeed: {zero_optimization: {stage: 2}}
tf32: true
""".strip().splitlines()
CHAT = "model_name_or_path: a/b, template: qwen3, infer_backend: huggingface, "
EXPORT = "model_name_or_path: a/b, template: qwen3, export_dir: merged, "
ANSWERING_REFUSED = [
    CHAT + "infer_backend: vllm, stage: rm",
    CHAT + "infer_backend: vllm, quantization_bit: 4",
    CHAT + "infer_backend: vllm, rope_scaling: yarn",
    CHAT + 'infer_backend: vllm, adapter_name_or_path: "x,y"',
    CHAT + "bf16: true",
    CHAT + "template: qwen9",
    EXPORT + "adapter_name_or_path: x, export_quantization_bit: 4, export_quantization_dataset: c",
    EXPORT + "finetuning_type: full, adapter_name_or_path: x",
    EXPORT + "bf16: true",
    EXPORT + "output_dir: x",
]
ANSWERING_TAKEN = [
    CHAT + "infer_backend: vllm, adapter_name_or_path: x, vllm_maxlen: 9",
    CHAT + "infer_backend: sglang, quantization_bit: 4",
    CHAT + "infer_dtype: bfloat16, finetuning_type: full",
    CHAT + "stage: rm, finetuning_type: lora, adapter_name_or_path: x",
    EXPORT + 'adapter_name_or_path: "x,y", export_size: 5',
    EXPORT + "export_quantization_bit: 4, export_quantization_dataset: c",
    EXPORT + "infer_dtype: float16, export_device: auto, trust_remote_code: true",
]


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Return a function that gives the errors of the judge, and the trainer's refusal, for some settings."""
    parser = pytest.importorskip("llamafactory.hparams.parser")
    argument_parser = cache(parser.HfArgumentParser)  # to make it takes longer than to parse
    monkeypatch.setattr(parser, "HfArgumentParser", lambda types: argument_parser(_hashable(types)))
    monkeypatch.setattr(ask_child, "_look_up_datasets", lambda data, stood_in: None)
    monkeypatch.chdir(tmp_path)
    for stage in (2, 3):
        config = f'{{"train_micro_batch_size_per_gpu": "auto", "zero_optimization": {{"stage": {stage}}}}}'
        Path(f"z{stage}.json").write_text(config)

    def both(settings):
        command = kinds.detect_command(YamlReading(Path("some.yaml"), settings, {}))
        return judge_errors(settings), ask_child.ask(settings, command, {})

    return both


def _hashable(types):
    return tuple(types) if isinstance(types, list) else types


def judge_errors(settings):
    reading = YamlReading(Path("some.yaml"), settings, {})
    faults = judge.judge_settings(reading, kinds.detect_dialect(reading), kinds.detect_command(reading))
    return [fault for fault in faults if fault.severity == "error"]


def parse(line):
    """Return the settings of one line; a later key wins."""
    start = next(start for start in (BASE, CHAT, EXPORT) if line.startswith(start))
    return yaml_reader.parse(f"{{{start}}}") | yaml_reader.parse(f"{{{line.removeprefix(start)}}}")


def test_what_the_trainer_refuses_is_an_error_in_its_words(ask):
    wrong, said = [], []
    for line in [*(BASE + line for line in REFUSED), *ANSWERING_REFUSED]:
        errors, refusal = ask(parse(line))
        rule = judge.rule_of(refusal)
        said.append(rule)
        is_told = rule is None or any(rule.is_said_by(error.message) for error in errors)
        if not errors or not refusal or not is_told:
            wrong.append((line, refusal, [error.message for error in errors]))
    assert wrong == []
    assert [rule.says for rule in (*SHARED, *TRAINING, *ANSWERING) if rule not in said] == []


def test_what_the_trainer_takes_is_no_error(ask):
    wrong = []
    for line in ["", *TAKEN, *ANSWERING_TAKEN]:
        errors, refusal = ask(parse(line if line in ANSWERING_TAKEN else BASE + line))
        if errors or refusal:
            wrong.append((line, refusal, [error.message for error in errors]))
    assert wrong == []


def test_recipes_and_presets_are_no_error():
    """The trainer takes them too: tests/recipes/test_recipes_with_trainer.py."""
    method = next(recipe for recipe in list_shipped() if recipe.name == "lora-sft")
    all_settings = [recipe.settings for recipe in (*list_shipped(), *list_derived()[::9])]
    all_settings += [method.settings | preset.train for preset in list_presets()]
    errors = [fault for settings in all_settings for fault in judge_errors(settings)]
    assert errors == []
