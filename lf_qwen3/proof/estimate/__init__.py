"""What a training needs before it is paid for: memory of a GPU by part, steps, tokens, padding.

    result = estimate("Qwen3-8B", method="lora", cutoff_len=2048)
    result.peak                             # parts in bytes, and the moment of the peak
    result.card                             # the smallest card for it

The formula and its sources are in docs/estimate.md; tests compare it with the trainer's own model code.
"""

from lf_qwen3.proof.estimate.advice import SmallerSetting, list_caveats, suggest_changes
from lf_qwen3.proof.estimate.cards import CARDS, Card, smallest_card
from lf_qwen3.proof.estimate.memory import PeakMemory, estimate_memory
from lf_qwen3.proof.estimate.plan import TrainingPlan
from lf_qwen3.proof.estimate.result import MemoryEstimate, estimate

__all__ = [
    "CARDS",
    "Card",
    "MemoryEstimate",
    "PeakMemory",
    "SmallerSetting",
    "TrainingPlan",
    "estimate",
    "estimate_memory",
    "list_caveats",
    "smallest_card",
    "suggest_changes",
]
