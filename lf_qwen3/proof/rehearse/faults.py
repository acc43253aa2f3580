"""What the trainer's last error means: which key, which dataset, which row, and what to do.

The messages are those of LLaMA-Factory 0.9.5, transformers, peft and datasets; a test provokes them.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lf_qwen3.proof.rehearse.data_faults import DATA_EXPLAINERS, explain_reading_error
from lf_qwen3.proof.rehearse.failure_context import FailureContext
from lf_qwen3.proof.rehearse.known import KEY_OF_PACKAGE, KNOWN_ERRORS
from lf_qwen3.proof.rehearse.setting_faults import explain_metric, explain_refusal
from lf_qwen3.proof.rehearse.verdict import RehearsalFault


def explain_error(error: str, context: FailureContext) -> RehearsalFault:
    """Return what the trainer's last error means; an unknown error is returned as it is."""
    for explain in (*DATA_EXPLAINERS, explain_metric, _by_message, explain_reading_error):
        if fault := explain(error, context):
            break
    else:
        fault = explain_refusal(error, context)
    return replace(fault, line=context.lines.get(fault.key)) if fault.key else fault


def _by_message(error: str, context: FailureContext) -> RehearsalFault | None:
    for known in KNOWN_ERRORS:
        if match := re.search(known.pattern, error):
            part = next((group for group in match.groups() if group), "")
            message, hint, keys = (text.replace("{0}", part) for text in known[1:])
            wanted = KEY_OF_PACKAGE.get(part, keys).split()
            set_keys = [key for key in wanted if key in context.settings]
            return RehearsalFault(message, hint, key=next(iter([*set_keys, *wanted]), ""))
    return None
