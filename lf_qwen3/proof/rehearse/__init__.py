"""Rehearse a training YAML: the user's own file, data and tokenizer, the real trainer, a tiny random model.

    verdict = rehearse.run(rehearse.Request(Path("train.yaml")), progress)

What a CPU cannot do is switched off and listed; nothing of the user's is written.
"""

from lf_qwen3.proof.rehearse.run import rehearse
from lf_qwen3.proof.rehearse.verdict import (
    RehearsalAnswer,
    RehearsalChange,
    RehearsalFault,
    RehearsalRequest,
    RehearsalVerdict,
)

__all__ = [
    "RehearsalAnswer",
    "RehearsalChange",
    "RehearsalFault",
    "RehearsalRequest",
    "RehearsalVerdict",
    "rehearse",
]
