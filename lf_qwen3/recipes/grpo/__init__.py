"""GRPO recipes: prompts with gold answers that were checked, and the config of a trainer that has GRPO.

A trainer is one file here (`trainer.py` says what it has to state); it is found by being there.
"""

from __future__ import annotations

from lf_qwen3.base.discovery import import_all
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.recipes.grpo.trainer import GrpoTrainer, added_grpo_trainers
from lf_qwen3.recipes.trainers import list_trainers
from lf_qwen3.recipes.trainers.trainer import LLAMAFACTORY

__all__ = ["choose_grpo_trainer", "list_grpo_trainers"]


def list_grpo_trainers() -> list[GrpoTrainer]:
    """Return all trainers that do GRPO, by name."""
    import_all("lf_qwen3.recipes.grpo")
    return added_grpo_trainers()


def choose_grpo_trainer(name: str) -> GrpoTrainer:
    """Return a trainer by its name; raise `UsageError` with those that do GRPO."""
    able = {trainer.name: trainer for trainer in list_grpo_trainers()}
    names = ", ".join(able)
    if name == LLAMAFACTORY:
        raise UsageError(
            "LLaMA-Factory has no GRPO; EasyR1, by the same author, has",
            f"add --trainer easyr1; trainers: {names}",
            code="trainer_method",
        )
    if name in able:
        return able[name]
    if any(trainer.name == name for trainer in list_trainers()):
        hint = f"use --trainer with one of: {names}"
        raise UsageError(f"there is no GRPO recipe for {name}", hint, code="trainer_method")
    raise unknown_name("trainer for GRPO", name, able, code="unknown_trainer")
