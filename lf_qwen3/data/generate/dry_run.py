"""What a generation would send and cost, without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.generate.budget import Budget
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.qwen3 import tokenizer_files

_TOKENS_OF_MESSAGE = 5
_TOKENS_OF_PROMPT = 3
"""What Qwen3's chat template writes around a message, and before the answer."""
_BYTES_OF_TOKEN = 4.3


@dataclass(slots=True)
class DryRun:
    """Requests without a reply, their prompts in tokens, and the first one whole.

    `later` counts the requests that may follow from the replies; they are in no other figure. `counted` tells
    whether a tokenizer counted the tokens or the bytes did. `most_out` is the limit of the replies, None
    if there is none; `cost_in` and `most_cost` need a price.
    """

    requests: int = 0
    later: int = 0
    answered: int = 0
    tokens_in: int = 0
    counted: bool = False
    most_out: int | None = None
    cost_in: float | None = None
    most_cost: float | None = None
    first: dict[str, Any] | None = None


def estimate_run(
    requests: Iterable[ModelRequest],
    settled: frozenset[str],
    budget: Budget,
    tokenizer: str,
    new_tokens: int | None,
) -> DryRun:
    """Count what would be sent, without the keys in `settled`.

    `tokenizer` is a folder, or a hub id whose tokenizer.json may be in a local cache.
    """
    count, counted = _find_counter(tokenizer)
    estimate = DryRun(counted=counted)
    for request in requests:
        if request.key in settled:
            estimate.answered += 1
            continue
        estimate.first = estimate.first or dict(request.body)
        estimate.requests += 1
        messages = request.body["messages"]
        texts = sum(count(message["content"]) + _TOKENS_OF_MESSAGE for message in messages)
        estimate.tokens_in += texts + _TOKENS_OF_PROMPT
    estimate.most_out = estimate.requests * new_tokens if new_tokens else None
    estimate.cost_in = budget.compute_cost(estimate.tokens_in, 0)
    if estimate.most_out is not None:
        estimate.most_cost = budget.compute_cost(estimate.tokens_in, estimate.most_out)
    return estimate


def _find_counter(tokenizer: str) -> tuple[Callable[[str], int], bool]:
    try:
        loaded = tokenizer_files.load(tokenizer_files.find(tokenizer))
    except UsageError:
        return lambda text: round(len(text.encode("utf-8", "replace")) / _BYTES_OF_TOKEN), False
    return lambda text: len(loaded.encode(text).ids), True
