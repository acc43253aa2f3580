"""The trainer's rendering beside the model's own chat template."""

from __future__ import annotations

from typing import NamedTuple

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check


class TemplateDifference(NamedTuple):
    """Where the trainer's rendering parts from the chat template's: `part` is "" where it does not.

    `ours` and `official` are the texts from there on; `refused` says why the template renders nothing.
    """

    part: str = ""
    ours: str = ""
    official: str = ""
    refused: str = ""


@check(
    "template_differs",
    "warning",
    "LLaMA-Factory trains on other tokens than the model's own chat template writes",
    "at inference the model is prompted with its own chat template; lf-qwen3 preview shows both side "
    "by side. Two causes: tools without a system text (add any system text, or default_system in the "
    "YAML; lf-qwen3 convert writes tools so that both agree), and several turns without "
    "mask_history: true",
    good=TemplateDifference(),
    bad=TemplateDifference("answer", "Yes.", "\n\nYes."),
)
def template_differs(difference: TemplateDifference) -> CheckResult:
    """Require the same tokens from both, before any cut."""
    if difference.refused:
        return Fault(difference.refused)
    if not difference.part:
        return PASS
    return Fault(f"from the {difference.part} on: {difference.ours[:24]!r}, not {difference.official[:24]!r}")
