"""Settings that the trainer refuses, each by another rule, and their sound neighbours that it takes."""

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
