"""How long an answer may become, and how many are written at a time, by checkpoint and card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.qwen3.architecture import Checkpoint
from lf_qwen3.recipes import needs

PLAIN, ADVISED = 2048, 32_768
"""New tokens of an answer without thinking, and with it ("Best Practices" of the Qwen3 model cards)."""

READ = 40_960
"""Tokens that a model reads of which nothing is known: as a hybrid Qwen3."""

LEAST, MOST_AT_ONCE = 2048, 8
_USUAL = {
    "per_device_train_batch_size": 1,
    "cutoff_len": 2048,
    "stage": "sft",
    "finetuning_type": "lora",
    "lora_rank": 8,
}


class AnswerRoom(NamedTuple):
    """The most new tokens of an answer, the answers written at a time, the tokens of question and label."""

    new_tokens: int
    batch: int
    cutoff_len: int


def plan_room(train: Mapping[str, Any], thinks: bool, new_tokens: int | None) -> AnswerRoom:
    """Return the room for answers on the card that the training needs.

    A model that thinks may write as much as Qwen advises, as far as it can read; the keys and values of one
    such answer must fit beside the weights. `new_tokens` is what the user or the board asks for. The labels
    are read whole whatever the training cut, but with rope_scaling, whose factor follows from cutoff_len.
    """
    checkpoint = checkpoints.find_checkpoint(str(train.get("model_name_or_path", "")))
    trained, context = int(train.get("cutoff_len") or 2048), checkpoint.context if checkpoint else READ
    read = trained if train.get("rope_scaling") else max(trained, context)
    wanted = new_tokens or (min(ADVISED, max(LEAST, read - trained)) if thinks else PLAIN)
    if checkpoint is None:
        return AnswerRoom(wanted, 1 if wanted > 4 * PLAIN else MOST_AT_ONCE, read)
    room = _count_tokens(train, checkpoint)
    fitting = wanted if new_tokens else max(LEAST, min(wanted, (room - trained) // 1024 * 1024))
    batch = next((number for number in (8, 4, 2) if number * (fitting + trained) <= room), 1)
    return AnswerRoom(fitting, batch, read)


def _count_tokens(train: Mapping[str, Any], checkpoint: Checkpoint) -> int:
    """Return the tokens whose keys and values, of 16 bits, fit on the training's card beside the weights."""
    settings, shape = (
        _USUAL | {key: value for key, value in train.items() if value is not None},
        checkpoint.shape,
    )
    memory = needs.estimate_recipe_memory(settings, checkpoint, needs.are_experts_layers())
    card = needs.find_card(memory.total)
    if card is None:
        return ADVISED * MOST_AT_ONCE
    weights = memory.frozen or needs.FROZEN * shape.parameters
    each = 2 * 2 * shape.layers * shape.kv_heads * shape.head_dim
    return int((needs.ROOM * card - (1 + needs.SHARE) * weights - needs.FIXED) / (1 + needs.SHARE) / each)
