"""Lines of the trainer's own examples, other spellings that it takes, and YAML of other tools."""

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
