"""Other trainers: the same records and settings for ms-swift, TRL, Unsloth, Axolotl and verl.

A trainer is one file here (`trainer.py` says what it has to state); it is found by being there.
"""

from __future__ import annotations

from pathlib import Path

from lf_qwen3.base.discovery import import_all
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.recipes.trainers.trainer import LLAMAFACTORY, OtherRun, OtherTrainer, added_trainers, read_mark

__all__ = [
    "LLAMAFACTORY",
    "OtherRun",
    "OtherTrainer",
    "describe_memory",
    "find_trainer",
    "list_trainers",
    "read_trainer",
]


def list_trainers() -> list[OtherTrainer]:
    """Return all trainers but LLaMA-Factory, by name."""
    import_all("lf_qwen3.recipes.trainers")
    return added_trainers()


def read_trainer(path: Path) -> OtherTrainer | None:
    """Return the trainer that the head of a config names, None for a file that names none."""
    name = read_mark(path)
    return next((trainer for trainer in list_trainers() if trainer.name == name), None)


def describe_memory(trainer: OtherTrainer) -> str:
    """Return how the memory of a run compares with LLaMA-Factory's, as text that follow a semicolon."""
    holds = {
        "as much": "is right for it too",
        "less": "is an upper bound for it",
        "more": "is too low for it",
    }
    return f"{trainer.name} takes {trainer.memory}: `lf-qwen3 estimate` {holds[trainer.memory]}"


def find_trainer(name: str) -> OtherTrainer:
    """Return a trainer by its name; raise `UsageError` ("unknown_trainer") with the names there are."""
    known = {trainer.name: trainer for trainer in list_trainers()}
    if name not in known:
        raise unknown_name("trainer", name, [LLAMAFACTORY, *known], code="unknown_trainer")
    return known[name]
