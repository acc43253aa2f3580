"""The YAML files around LLaMA-Factory, recognised by their keys, and the keys that came and went.

The schema knows what `llamafactory-cli train`, `chat`, `api` and `export` take. Beside them the trainer reads
three other sets of keys, and users keep files of other tools in the same folders.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from lf_qwen3.trainer import schema
from lf_qwen3.trainer.yaml_reader import YamlReading

Dialect = Literal["train", "megatron", "v1", "eval", "accelerate", "tokens", "rules"]

NOTES: dict[Dialect, str] = {
    "train": "",
    "megatron": "it holds Megatron keys, which LLaMA-Factory takes with USE_MCA=1 and mcore_adapter only "
    "(from 0.9.6 on also with USE_MEGATRON_BRIDGE=1 and megatron-bridge)",
    "v1": "this is a YAML of the trainer's v1 engine (USE_V1=1): its keys were checked, its values were not",
    "eval": "this is a YAML of `llamafactory-cli eval`, which 0.9.5 has taken out: its keys were checked",
    "accelerate": "this is a configuration of Accelerate, not of LLaMA-Factory: nothing was checked",
    "tokens": "this is a list of tokens to add (new_special_tokens_config): nothing was checked",
    "rules": "this is a list, such as the rules of KTransformers, and no settings: nothing was checked",
}
UNCHECKED: tuple[Dialect, ...] = ("accelerate", "tokens", "rules")


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


EVAL_KEYS = _keys("task task_dir batch_size seed lang n_shot save_dir download_mode")
"""Fields of EvaluationArguments (hparams/evaluation_args.py)."""

MEGATRON_KEYS = _keys(
    """
    tensor_model_parallel_size pipeline_model_parallel_size sequence_parallel
    virtual_pipeline_model_parallel_size context_parallel_size expert_model_parallel_size
    expert_tensor_parallel_size account_for_embedding_in_pipeline_split account_for_loss_in_pipeline_split
    pipeline_model_parallel_layout overlap_p2p_comm variable_seq_lengths recompute_granularity
    recompute_method recompute_modules recompute_num_layers bias_activation_fusion apply_rope_fusion
    cross_entropy_loss_fusion moe_layer_recompute moe_token_dispatcher_type moe_aux_loss_coeff
    moe_grouped_gemm moe_expert_capacity_factor moe_pad_expert_input_to_capacity moe_token_drop_policy
    moe_shared_expert_overlap moe_enable_routing_replay moe_router_dtype mtp_num_layers
    calculate_per_token_loss micro_batch_size transformer_impl cuda_graph_impl cuda_graph_scope fp8_recipe
    fp8_param fp8_format use_flash_attn additional_configs accumulate_allreduce_grads_in_fp32
    use_distributed_optimizer distrib_optim_fully_reshardable overlap_grad_reduce delay_grad_reduce
    overlap_param_gather check_for_nan_in_loss_and_grad ddp_average_in_collective ddp_bucket_size optimizer
    optimizer_cpu_offload optimizer_offload_fraction save_hf_model save_merged_model ckpt_format
    sequence_packing compile_warmup
    """
)
"""Fields that mcore_adapter's training arguments add to those of transformers (alibaba/ROLL)."""

TRANSFORMERS_4_KEYS = _keys(
    """
    adafactor fp16_backend fp16_opt_level fsdp_min_num_params fsdp_transformer_layer_cls_to_wrap
    group_by_length half_precision_backend include_inputs_for_metrics include_tokens_per_second jit_mode_eval
    mp_parameters no_cuda past_index per_gpu_eval_batch_size per_gpu_train_batch_size push_to_hub_model_id
    push_to_hub_organization push_to_hub_token ray_scope save_safetensors torchdynamo tpu_metrics_debug
    tpu_num_cores use_ipex use_legacy_prediction_loop use_mps_device
    """
)
"""Training arguments of transformers 4.55, the oldest that LLaMA-Factory 0.9.5 takes, that 5 has not."""

GONE_KEYS = {
    **dict.fromkeys(("image_resolution", "video_resolution"), "write image_max_pixels or video_max_pixels"),
    "image_dir": "write media_dir",
    "new_special_tokens": "write add_special_tokens",
    "train_mm_proj_only": "write freeze_vision_tower and freeze_language_model",
    **dict.fromkeys(
        ("ray_run_name", "ray_storage_path", "ray_storage_filesystem", "resources_per_worker"),
        "leave it out: 0.9.5 takes ray_num_workers and ray_init_kwargs",
    ),
    "placement_strategy": "leave it out: 0.9.5 takes ray_num_workers and ray_init_kwargs",
    **dict.fromkeys(
        ("kt_optimize_rule", "kt_maxlen", "kt_mode", "kt_use_cuda_graph", "kt_force_think", "cpu_infer"),
        "leave it out: 0.9.5 takes use_kt and kt_weight_path",
    ),
    "chunk_size": "leave it out: 0.9.5 takes use_kt and kt_weight_path",
}
"""Keys that LLaMA-Factory 0.9.0 to 0.9.4 took and 0.9.5 refuses, with what to do."""

OTHER_NAMES = {
    "batch_size": "per_device_train_batch_size",
    "epochs": "num_train_epochs",
    "num_epochs": "num_train_epochs",
    "lr": "learning_rate",
    "lora_r": "lora_rank",
    "r": "lora_rank",
    "target_modules": "lora_target",
    "lora_target_modules": "lora_target",
    "modules_to_save": "additional_target",
    "max_length": "cutoff_len",
    "max_len": "cutoff_len",
    "max_seq_length": "cutoff_len",
    "max_seq_len": "cutoff_len",
    "model": "model_name_or_path",
    "model_name": "model_name_or_path",
    "model_path": "model_name_or_path",
    "train_type": "finetuning_type",
    "val_dataset": "eval_dataset",
    "validation_split": "val_size",
    "split_dataset_ratio": "val_size",
    "load_in_4bit": "quantization_bit: 4",
    "load_in_8bit": "quantization_bit: 8",
    "lr_scheduler": "lr_scheduler_type",
    "scheduler": "lr_scheduler_type",
    "gradient_checkpointing_enable": "gradient_checkpointing",
    "beta": "pref_beta",
    "system": "default_system",
    "rslora": "use_rslora",
    "dora": "use_dora",
    "early_stopping_patience": "early_stopping_steps",
    "evaluation_strategy": "eval_strategy",
}
"""What other trainers, or older ones, call a key, and LLaMA-Factory's own name for it."""

OTHER_VALUES = {
    "bitsandbytes": "bnb",
    "flash_attention_2": "fa2",
    "flash_attention_3": "fa3",
    "hf": "huggingface",
    "qlora": "lora, with quantization_bit: 4",
    "pretrain": "pt",
}
"""The same for values."""


def megatron_keys() -> frozenset[str]:
    """Return the keys of mcore_adapter, and those of Megatron Bridge where the trainer's version takes it."""
    return MEGATRON_KEYS | schema.keys_of("megatron-bridge")


def detect_dialect(reading: YamlReading, known: Collection[str]) -> Dialect:
    """Return what kind of YAML this is; `known` are the keys of the schema."""
    keys = reading.settings.keys()
    if reading.is_list:
        return "rules"
    if all(key.startswith("<") and key.endswith(">") for key in keys):
        return "tokens"
    if keys & {"compute_environment", "distributed_type"} and "model_name_or_path" not in keys:
        return "accelerate"
    if (
        "model" in keys
        and "model_name_or_path" not in keys
        and keys & schema.keys_of("v1") - {"model", *known}
    ):
        return "v1"
    if "task" in keys and keys & {"lang", "n_shot", "save_dir", "batch_size"}:
        return "eval"
    if keys & (megatron_keys() - set(known)):
        return "megatron"
    return "train"
