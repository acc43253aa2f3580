"""The tokenizer itself."""

from __future__ import annotations

from typing import NamedTuple

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS
from lf_qwen3.qwen3.thinking import CLOSE, OPEN

IM_END = "<|im_end|>"


class Vocabulary(NamedTuple):
    """The added tokens that a tokenizer has, and its eos ("" where it does not say)."""

    known: frozenset[str]
    eos: str = IM_END


_QWEN3 = frozenset(ADDED_TOKENS)


@check(
    "tokenizer_eos",
    "warning",
    f"the tokenizer's eos_token is not {IM_END}",
    "Base checkpoints are published so; LLaMA-Factory sets it for training, other servers read it "
    "from tokenizer_config.json and generation_config.json",
    good=Vocabulary(_QWEN3),
    bad=Vocabulary(_QWEN3, eos="<|endoftext|>"),
)
def tokenizer_eos(vocabulary: Vocabulary) -> CheckResult:
    """Require the end of a turn as the end of generation."""
    return Fault(f"it is {vocabulary.eos}") if vocabulary.eos not in ("", IM_END) else PASS


@check(
    "not_qwen3",
    "error",
    "the tokenizer is not Qwen3's",
    "use the tokenizer of the checkpoint that will be trained",
    good=Vocabulary(_QWEN3),
    bad=Vocabulary(_QWEN3 - {OPEN, CLOSE}),
)
def not_qwen3(vocabulary: Vocabulary) -> CheckResult:
    """Require one token for each turn mark and think tag."""
    missing = [token for token in ("<|im_start|>", IM_END, OPEN, CLOSE) if token not in vocabulary.known]
    return Fault(f"it has no token {', '.join(missing)}") if missing else PASS
