"""What the files beside the weights say: are they there, and does the model know how to end an answer."""

from __future__ import annotations

from typing import Any

from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS, FIRST_ADDED_ID
from lf_qwen3.results.diagnose.training_run import TrainingRun, example
from lf_qwen3.results.diagnose.verdict_rules import Evidence, VerdictResult, verdict

END = "<|im_end|>"
END_ID = FIRST_ADDED_ID + ADDED_TOKENS.index(END)
_BASE = {"base_model_name_or_path": "Qwen/Qwen3-4B-Base"}


@verdict(
    "no_weights",
    "error",
    "the run has ended, but its weights do not exist",
    "the trainer saves at the end: read the end of its output for a full disk or an error",
    good=example(),
    bad=example(has_weights=False),
)
def no_weights(run: TrainingRun) -> VerdictResult:
    """Require the weights of an adapter or of a whole model in a finished run."""
    return f"no *.safetensors in {run.folder}" if run.is_finished and not run.has_weights else None


@verdict(
    "eos_token",
    "error",
    f"the tokenizer's eos_token is not {END}: the model has not learnt the end token of the answers",
    "train with template: qwen3 (qwen3_nothink for Instruct-2507 checkpoints), which sets it",
    good=example(tokenizer={"eos_token": END}),
    bad=example(tokenizer={"eos_token": "<|endoftext|>"}),
)
def eos_token(run: TrainingRun) -> VerdictResult:
    """Require Qwen3's end of turn as end token; plain pre-training ends its texts otherwise."""
    token = run.tokenizer.get("eos_token")
    token = token.get("content") if isinstance(token, dict) else token
    if run.stage == "pt" or not isinstance(token, str) or token == END:
        return None
    return Evidence(f"tokenizer_config.json: eos_token is {token}", {"eos_token": token})


@verdict(
    "generation_eos",
    "error",
    f"generation_config.json does not stop at {END}: answers continue until max_new_tokens",
    f'write "eos_token_id": [{END_ID}, {FIRST_ADDED_ID}] into generation_config.json',
    good=example(generation={"eos_token_id": [END_ID, FIRST_ADDED_ID]}),
    bad=example(generation={"eos_token_id": FIRST_ADDED_ID}),
)
def generation_eos(run: TrainingRun) -> VerdictResult:
    """Require Qwen3's end of turn among the ids that end a generation."""
    ids: Any = run.generation.get("eos_token_id")
    known = ids if isinstance(ids, list) else [ids]
    if run.stage == "pt" or ids is None or END_ID in known:
        return None
    return Evidence(f"eos_token_id is {ids}, {END} is {END_ID}", {"eos_token_id": ids})


@verdict(
    "base_model_end",
    "warning",
    f"a LoRA on a Base model cannot learn {END}: it does not train the embedding of that token",
    "train the model without -Base in its name, or set additional_target: embed_tokens,lm_head",
    good=example(adapter=_BASE | {"modules_to_save": ["embed_tokens", "lm_head"]}),
    bad=example(adapter=_BASE),
)
def base_model_end(run: TrainingRun) -> VerdictResult:
    """Require the trained embedding that a Base model needs (QwenLM/Qwen3, issue 1064)."""
    name = str(run.adapter.get("base_model_name_or_path") or "")
    trained = run.adapter.get("modules_to_save") or []
    if run.stage == "pt" or not name.rstrip("/").endswith("-Base") or "embed_tokens" in trained:
        return None
    return Evidence(f"the base model is {name}, modules_to_save is {trained or 'empty'}", {"model": name})
