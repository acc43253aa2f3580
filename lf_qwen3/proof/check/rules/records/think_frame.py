"""The think frame in the texts of a record."""

from __future__ import annotations

from lf_qwen3.data.row_defects import find_think_tag
from lf_qwen3.proof.check.rules.records.sample import Sample, sample_of
from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.qwen3.thinking import CLOSE, OPEN, frame
from lf_qwen3.trainer.render.text import has_thinking

_GOOD = sample_of("q", frame("r", "a"))
_EMPTY = "think_empty"
_WHAT = {
    "think_whitespace": "other white space around a tag",
    "think_tag_renamed": "another spelling of a tag",
    "think_open_missing": "no opening tag",
    "think_merged": "several blocks",
    "solution_tags": "solution tags",
}
_MISPLACED = ("think_unopened", "think_not_first", "think_several")


@check(
    "think_not_canonical",
    "warning",
    "the think tags are not framed as Qwen3 writes them",
    "the model would learn another format, which LLaMA-Factory does not correct; lf-qwen3 convert repairs it",
    good=_GOOD,
    bad=sample_of("q", f"{OPEN}r{CLOSE}\na"),
)
def think_not_canonical(sample: Sample) -> CheckResult:
    """Require canonical tags and white space (see lf_qwen3.qwen3.thinking)."""
    for text in sample.assistant_texts:
        codes = [code for code in text.parts.repairs if code != _EMPTY]
        if codes:
            return Fault(f"{_WHAT.get(codes[0], codes[0])} in {text.where}")
    return PASS


@check(
    "think_unclosed",
    "error",
    "a think block is opened and never closed",
    f"write {CLOSE} and an empty line before the answer; was the text truncated when it was generated?",
    good=_GOOD,
    bad=sample_of("q", f"{OPEN}\nr"),
)
def think_unclosed(sample: Sample) -> CheckResult:
    """Require a closing tag for every opening one."""
    return _fault(sample, ("think_unclosed",))


@check(
    "think_nested",
    "error",
    "a think block inside a think block",
    "keep one block per turn",
    good=_GOOD,
    bad=sample_of("q", f"{OPEN}\nr{OPEN}s{CLOSE}\n{CLOSE}\n\na"),
)
def think_nested(sample: Sample) -> CheckResult:
    """Require that no tag is opened inside a block."""
    return _fault(sample, ("think_nested",))


@check(
    "think_misplaced",
    "error",
    "a think tag in the wrong place of an answer",
    "each turn has one think block, before everything else; an answer that explains the tags has to "
    "spell them differently",
    good=_GOOD,
    bad=sample_of("q", f"First: {OPEN}\nr\n{CLOSE}\n\na"),
)
def think_misplaced(sample: Sample) -> CheckResult:
    """Require that a block opens its turn, and that no tag is unpaired."""
    return _fault(sample, _MISPLACED)


@check(
    "think_in_prompt",
    "warning",
    "a think tag in a prompt",
    "right if users will send this very prompt, because the model reads the same token then; "
    "otherwise remove it: Qwen3 thinks without being asked, and reasoning in a prompt is outside the "
    "loss",
    good=_GOOD,
    bad=sample_of(f"q {OPEN}", "a"),
)
def think_in_prompt(sample: Sample) -> CheckResult:
    """Require that only an assistant thinks; a text to continue (pretraining) may hold whole frames."""
    if sample.kind == "pretrain":
        return PASS
    return next((Fault(where) for where, text in sample.prompts if find_think_tag(text)), PASS)


@check(
    "think_empty",
    "warning",
    "an answer contains an empty think block",
    "with enable_thinking: null it is in the loss, so the model learns to write it; remove the tags, "
    "and the chat template puts the block into the prompt, outside the loss",
    good=sample_of("q", "a"),
    bad=sample_of("q", frame("", "a")),
)
def think_empty(sample: Sample) -> CheckResult:
    """Require plain answers without tags (ReasoningTemplate adds the block only if there is none).

    The plain side of a pair of which the other side reasons needs its block.
    """
    if not sample.learns_empty:
        return PASS
    needed = sample.learnt_texts if sample.half_thinks else []
    empty = (text for text in sample.assistant_texts if _EMPTY in text.parts.repairs and text not in needed)
    return next((Fault(text.where) for text in empty), PASS)


@check(
    "pair_half_framed",
    "warning",
    "one answer of a preference pair has reasoning, the other has no think block",
    "the trainer frames both answers as the chosen one needs it, so the rejected one gets two blocks "
    "or none; write an empty think block into the plain answer (lf-qwen3 convert does), or set "
    "enable_thinking: true",
    good=sample_of("q", frame("r", "a"), rejected=frame("", "b")),
    bad=sample_of("q", frame("r", "a"), rejected="b"),
)
def pair_half_framed(sample: Sample) -> CheckResult:
    """Require a block on both sides or on none (PairwiseDatasetProcessor)."""
    if not sample.learns_empty or not sample.half_thinks:
        return PASS
    bare = (text for text in sample.learnt_texts if not has_thinking(text.text))
    return next((Fault(text.where) for text in bare), PASS)


def _fault(sample: Sample, codes: tuple[str, ...]) -> CheckResult:
    for text in sample.assistant_texts:
        if text.fault is not None and text.fault.code in codes:
            return Fault(f"{text.where}, {text.fault.detail}" if text.fault.detail else text.where)
    return PASS
