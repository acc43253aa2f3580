"""What a training needs before it is paid for: memory of a GPU by part, steps, tokens, padding.

    plan = Plan.named("Qwen3-8B", method="lora", cutoff_len=2048)
    memory = of(plan)                       # Memory: parts in bytes, the moment of the peak, the total
    smallest(memory.total)                  # Card

The formula and its sources stand in docs/estimate.md; tests hold it against the trainer's own model code.
"""

from lf_qwen3.proof.estimate.advice import SmallerSetting, list_caveats, suggest_changes
from lf_qwen3.proof.estimate.cards import CARDS, Card, smallest_card
from lf_qwen3.proof.estimate.memory import PeakMemory, estimate_memory
from lf_qwen3.proof.estimate.plan import TrainingPlan

__all__ = [
    "CARDS",
    "Card",
    "PeakMemory",
    "SmallerSetting",
    "TrainingPlan",
    "estimate_memory",
    "list_caveats",
    "smallest_card",
    "suggest_changes",
]
