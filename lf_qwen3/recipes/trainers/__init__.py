"""Other trainers: the same records and settings for ms-swift, TRL, Unsloth, Axolotl and verl.

A trainer is one file here (`trainer.py` says what it has to state); it is found by being there.
"""

from __future__ import annotations

from lf_qwen3.base.discovery import import_all
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.recipes.trainers.trainer import LLAMAFACTORY, OtherRun, OtherTrainer, added_trainers

__all__ = ["LLAMAFACTORY", "OtherRun", "OtherTrainer", "find_trainer", "list_trainers"]


def list_trainers() -> list[OtherTrainer]:
    """Return all trainers but LLaMA-Factory, by name."""
    import_all("lf_qwen3.recipes.trainers")
    return added_trainers()


def find_trainer(name: str) -> OtherTrainer:
    """Return a trainer by its name; raise `UsageError` ("unknown_trainer") with the names there are."""
    known = {trainer.name: trainer for trainer in list_trainers()}
    if name not in known:
        raise unknown_name("trainer", name, [LLAMAFACTORY, *known], code="unknown_trainer")
    return known[name]
