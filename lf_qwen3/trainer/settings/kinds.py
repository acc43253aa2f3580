"""The YAML files around LLaMA-Factory, recognised by their keys, and the command that each is for.

The schema knows what `llamafactory-cli train`, `chat`, `api` and `export` take. Beside them the trainer reads
three other sets of keys, LLaMA Board one more, and users keep files of other tools in the same folders.
"""

from __future__ import annotations

import re
from typing import Literal

from lf_qwen3.trainer import schema
from lf_qwen3.trainer.settings.names import OTHER_NAMES
from lf_qwen3.trainer.yaml_reader import YamlReading

Dialect = Literal["train", "megatron", "v1", "eval", "board", "accelerate", "tokens", "rules"]
Command = Literal["train", "chat", "export"]
"""`chat` means api and webchat too: all three take the same keys."""

NOTES: dict[Dialect, str] = {
    "train": "",
    "megatron": "it holds Megatron keys, which LLaMA-Factory accepts with USE_MCA=1 and mcore_adapter "
    "only (from 0.9.6 on also with USE_MEGATRON_BRIDGE=1 and megatron-bridge)",
    "v1": "this is a YAML of the trainer's v1 engine (USE_V1=1): its keys were checked, its values were not",
    "eval": "this is a YAML of `llamafactory-cli eval`, which 0.9.5 has removed: its keys were checked",
    "board": "this is a file for LLaMA Board (Load arguments): nothing was checked",
    "accelerate": "this is a configuration of Accelerate, not of LLaMA-Factory: nothing was checked",
    "tokens": "this is a list of tokens to add (new_special_tokens_config): nothing was checked",
    "rules": "this is a list, such as the rules of KTransformers, not settings: nothing was checked",
}
JUDGED: tuple[Dialect, ...] = ("train", "megatron")
"""The kinds whose values and combinations are judged, not the keys alone."""
UNCHECKED: tuple[Dialect, ...] = ("board", "accelerate", "tokens", "rules")


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

_ELEMENT = re.compile(r"(?:top|train|eval|infer|export)\.\w+$")
"""The id of an element of LLaMA Board (webui/manager.py)."""

_RUNS = ("do_train", "do_predict", "do_eval", "dataset", "eval_dataset", "tokenized_path")
_ANSWERS = re.compile(
    r"infer_(?:backend|dtype)$|(?:vllm|sglang)_|(?:temperature|top_p|top_k|max_new_tokens)$"
)
_FILES: dict[str, Command] = {"chat": "chat", "api": "chat", "infer": "chat", "export": "export"}


def megatron_keys() -> frozenset[str]:
    """Return the keys of mcore_adapter, and those of Megatron Bridge where the trainer's version takes it."""
    return MEGATRON_KEYS | schema.keys_of("megatron-bridge")


def detect_command(reading: YamlReading) -> Command:
    """Return the command that a YAML is for: by what it asks for, then by the name of its file."""
    settings = reading.settings
    if any(settings.get(key) for key in _RUNS):
        return "train"
    if settings.get("export_dir"):
        return "export"
    if any(_ANSWERS.match(key) for key in settings):
        return "chat"
    words = re.split(r"[-_.]", reading.path.stem.lower())
    return next((command for word, command in _FILES.items() if word in words), "train")


def detect_dialect(reading: YamlReading) -> Dialect:
    """Return what kind of YAML this is."""
    known = set(schema.load()["properties"])
    keys = reading.settings.keys()
    if reading.is_list:
        return "rules"
    if keys and all(_ELEMENT.match(key) for key in keys):
        return "board"
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
    if keys & (megatron_keys() - known - OTHER_NAMES.keys()):
        return "megatron"
    return "train"
