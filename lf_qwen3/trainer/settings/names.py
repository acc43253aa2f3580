"""Keys that LLaMA-Factory does not take, and what to write in their place.

Older versions took some, transformers 4 others, and other trainers call the same thing by another name. A key
is guessed only where it is nearly the same word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lf_qwen3.base.nearest import nearest


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TRANSFORMERS_4_KEYS = _words(
    """
    adafactor fp16_backend fp16_opt_level fsdp_min_num_params fsdp_transformer_layer_cls_to_wrap
    group_by_length half_precision_backend include_inputs_for_metrics include_tokens_per_second jit_mode_eval
    mp_parameters no_cuda past_index per_gpu_eval_batch_size per_gpu_train_batch_size push_to_hub_model_id
    push_to_hub_organization push_to_hub_token ray_scope save_safetensors torchdynamo tpu_metrics_debug
    tpu_num_cores use_ipex use_legacy_prediction_loop use_mps_device
    """
)
"""Training arguments of transformers 4.55, the oldest that LLaMA-Factory 0.9.5 takes, that 5 has not."""

_RAY = "remove it: 0.9.5 uses ray_num_workers and ray_init_kwargs"
_KT = "remove it: 0.9.5 uses use_kt and kt_weight_path"
GONE_KEYS = {
    "image_resolution": "use image_max_pixels",
    "video_resolution": "use video_max_pixels",
    "image_dir": "use media_dir",
    "new_special_tokens": "use add_special_tokens",
    "train_mm_proj_only": "set freeze_vision_tower: true and freeze_language_model: true",
    "evaluation_strategy": "use eval_strategy",
    "reserved_label_len": "remove it: cutoff_len truncates question and answer in proportion",
    "dpo_beta": "use pref_beta",
    "dpo_loss": "use pref_loss",
    "dpo_ftx": "use pref_ftx",
    "orpo_beta": "use pref_beta, with pref_loss: orpo",
    "kto_beta": "use pref_beta",
    "sft_packing": "use packing",
    **dict.fromkeys(
        _words(
            "ray_run_name ray_storage_path ray_storage_filesystem resources_per_worker placement_strategy"
        ),
        _RAY,
    ),
    **dict.fromkeys(
        _words("kt_optimize_rule kt_maxlen kt_mode kt_use_cuda_graph kt_force_think cpu_infer chunk_size"),
        _KT,
    ),
}
"""Keys that older versions of LLaMA-Factory took, with what to do."""

_LENGTHS = (
    "max_len max_seq_len max_seq_length model_max_length max_prompt_length sequence_len seq_len seq_length"
)
_TRAIN_BATCH = "batch_size train_batch_size micro_batch_size ppo_micro_batch_size_per_gpu"
_REINFORCEMENT = """
    num_generations reward_funcs reward_weights kl_coef adv_estimator rollout_n rollout_batch_size
    steps_per_generation num_iterations cliprange rl
    """
_SAME: dict[str, str] = {
    "per_device_train_batch_size": _TRAIN_BATCH,
    "per_device_eval_batch_size": "eval_batch_size val_batch_size",
    "gradient_accumulation_steps": "gradient_accumulation accumulation_steps grad_accum_steps",
    "num_train_epochs": "epochs num_epochs total_epochs train_epochs n_epochs max_epochs",
    "max_steps": "total_training_steps train_iters num_steps",
    "learning_rate": "lr",
    "weight_decay": "wd",
    "max_grad_norm": "clip_grad gradient_clipping gradient_clip_val",
    "lr_scheduler_type": "lr_scheduler scheduler scheduler_type lr_decay_style",
    "warmup_ratio": "warmup_fraction lr_warmup_fraction lr_warmup_steps_ratio",
    "warmup_steps": "num_warmup_steps lr_warmup_steps",
    "optim": "optimizer optimizer_name optim_type",
    "lora_rank": "lora_r r rank",
    "lora_alpha": "alpha",
    "lora_dropout": "dropout",
    "lora_target": "target_modules lora_target_modules lora_modules",
    "additional_target": "modules_to_save lora_modules_to_save",
    "use_rslora": "rslora peft_use_rslora",
    "use_dora": "dora peft_use_dora",
    "loraplus_lr_ratio": "lora_plus_ratio lorap_lr_ratio lora_lr_ratio",
    "neftune_noise_alpha": "neftune_alpha noise_alpha",
    "cutoff_len": _LENGTHS,
    "max_new_tokens": "max_tokens max_completion_length max_response_length response_length",
    "packing": "sample_packing use_packing",
    "model_name_or_path": "model model_name model_path model_id model_id_or_path base_model pretrained_model",
    "adapter_name_or_path": "adapter adapters adapter_path lora_path lora_model_dir resume_lora",
    "ref_model": "ref_model_path ref_model_name_or_path",
    "reward_model": "reward_model_path",
    "finetuning_type": "train_type tuner_type finetune_type sft_type peft_type",
    "stage": "train_stage training_stage rlhf_type",
    "template": "chat_template prompt_template conversation_template template_type",
    "dataset": "train_dataset datasets train_file train_files dataset_name train_data data_path",
    "eval_dataset": "val_dataset valid_dataset validation_dataset test_dataset val_file val_files eval_data",
    "val_size": "validation_split val_split val_set_size split_dataset_ratio test_split",
    "default_system": "system system_prompt system_message",
    "enable_thinking": "thinking use_thinking",
    "preprocessing_num_workers": "dataset_num_proc num_proc dataset_processes preprocessing_num_proc",
    "dataloader_num_workers": "num_workers",
    "eval_steps": "evaluation_steps test_freq eval_interval eval_freq",
    "save_steps": "save_interval save_freq checkpoint_steps saving_steps",
    "logging_steps": "log_steps log_interval logging_interval",
    "save_total_limit": "max_checkpoints save_limit max_ckpt_to_keep",
    "early_stopping_steps": "early_stopping_patience patience early_stopping",
    "gradient_checkpointing": "gradient_checkpointing_enable enable_gradient_checkpointing",
    "flash_attn": "attn_implementation flash_attention use_flash_attention use_flash_attn attn_impl",
    "enable_liger_kernel": "liger_kernel use_liger",
    "pref_beta": "beta simpo_beta",
    "pref_loss": "loss_type dpo_loss_type preference_loss",
    "pref_ftx": "rpo_alpha",
    "simpo_gamma": "gamma",
    "quantization_bit": "quant_bits bits quantization_bits",
    "report_to": "logger loggers",
    "swanlab_project": "project_name",
    "run_name": "experiment_name wandb_name wandb_run_name",
    "train_on_prompt": "train_on_inputs",
    "resume_from_checkpoint": "resume resume_from resume_checkpoint",
    "infer_backend": "backend inference_backend",
    "top_p": "topp",
    "output_dir": "output output_path save_path default_local_dir",
    "trust_remote_code": "trust_remote",
    "disable_shuffling": "no_shuffle",
    "sglang_maxlen": "context_length",
    "vllm_maxlen": "max_model_len vllm_max_model_len",
    "vllm_gpu_util": "gpu_memory_utilization vllm_gpu_memory_utilization",
}
_PHRASES = {
    "lora_target: all": "lora_target_linear",
    "quantization_bit: 4": "load_in_4bit use_4bit use_qlora",
    "quantization_bit: 8": "load_in_8bit use_8bit",
    "finetuning_type: lora": "use_lora use_peft lora",
    "finetuning_type: full": "full_finetuning full_finetune",
    "infer_backend: vllm, in the YAML of chat or api": "use_vllm",
    "bf16: true, or infer_dtype: bfloat16 for chat, api and export": (
        "torch_dtype dtype mixed_precision compute_dtype bnb_4bit_compute_dtype precision"
    ),
}
_LEAVE_OUT = {
    "remove it: the trainer reads it from the model's own files": (
        "model_type tokenizer_type model_class eos_token pad_token bos_token special_tokens device_map"
    ),
    "remove it: LLaMA-Factory has no such training; its stages are pt, sft, rm, ppo, dpo and kto": (
        _REINFORCEMENT
    ),
    "remove it: the whole `dataset` is trained on; max_samples limits the rows": (
        "train_size train_split train_ratio"
    ),
    "remove it: sampling in chat and predict has temperature, top_p, top_k and repetition_penalty only": (
        "min_p presence_penalty frequency_penalty typical_p"
    ),
    "remove it: enable_thinking and the template decide it": "chat_template_kwargs",
    "remove it: LLaMA-Factory has no such setting": "mask_ratio",
    _KT: "kt_config",
}
OTHER_NAMES = {other: name for name, others in (_SAME | _PHRASES).items() for other in others.split()}
"""What TRL, verl, ms-swift, Unsloth, Axolotl and others call a key: LLaMA-Factory's own name for it."""

_NO_NAME = {other: cure for cure, others in _LEAVE_OUT.items() for other in others.split()}

OTHER_VALUES = {
    "bitsandbytes": "bnb",
    "flash_attention_2": "fa2",
    "flash_attention_3": "fa3",
    "hf": "huggingface",
    "qlora": "lora, with quantization_bit: 4",
    "pretrain": "pt",
}
"""The same for values."""


def suggest_key(key: str, known: Iterable[str]) -> str:
    """Return what to write in place of an unknown key, "" where nothing is known or nearly alike."""
    if cure := GONE_KEYS.get(key) or _NO_NAME.get(key):
        return cure
    near = OTHER_NAMES.get(key) or _same_word(key, known)
    return f"did you mean {near}?" if near else ""


def _same_word(key: str, known: Iterable[str]) -> str | None:
    """Return the key that this one is a slip of: the same words in the same order, none quite another."""
    spelt = re.sub(r"[-. ]", "_", key.strip().lower())
    near = nearest(spelt, known, cutoff=0.8)
    if near is None:
        return None
    words, meant = spelt.split("_"), near.split("_")
    if len(words) != len(meant):
        return nearest("".join(words), ["".join(meant)], cutoff=0.92) and near
    return near if all(a[:1] == b[:1] for a, b in zip(words, meant, strict=True)) else None
