"""Text that a tokenizer, a browser or another template would take for markup."""

from __future__ import annotations

from collections.abc import Iterator

from lf_qwen3.data.row_defects import (
    THINK_TAGS,
    TOOL_TAGS,
    find_markup,
    find_other_template,
    find_placeholder,
    find_special_token,
    has_escaped_line_ends,
)
from lf_qwen3.proof.check.rules.records.sample import SYSTEM_PROMPT, Sample, sample_of
from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.qwen3.foreign_tags import find_foreign_tag
from lf_qwen3.qwen3.thinking import excerpt

_GOOD = sample_of("a < b?", "yes, `a<br>` & more")

_CALLS, _RESULTS = TOOL_TAGS[:2], TOOL_TAGS[2:]
_TURN_MARKS = ("<|im_start|>", "<|im_end|>")


@check(
    "chat_template",
    "error",
    "chat template text in a record",
    "LLaMA-Factory applies the chat template itself, so the record would have it twice; keep the "
    "plain text of each turn (lf-qwen3 convert unwraps it)",
    good=_GOOD,
    bad=sample_of("<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n", "a"),
)
def chat_template(sample: Sample) -> CheckResult:
    """Require texts without turn marks of their own."""
    for where, text, _ in _texts(sample):
        if any(mark in text for mark in _TURN_MARKS):
            return Fault(where)
    return PASS


@check(
    "special_token",
    "error",
    "a control token (special token) in a text",
    "the tokenizer would read it as a control token, not as text; remove it, or spell it differently",
    good=_GOOD,
    bad=sample_of("q", "a<|endoftext|>"),
)
def special_token(sample: Sample) -> CheckResult:
    """Require texts without added tokens, save tool tags where they belong, and think tags."""
    for where, text, allowed in _texts(sample):
        if token := find_special_token(text, (*allowed, *_TURN_MARKS)):
            return Fault(f"{token} in {where}")
    return PASS


@check(
    "other_template",
    "warning",
    "text of another model's chat template in a record",
    "Qwen3 reads these marks as words and would learn to write them; keep the plain text of each turn",
    good=_GOOD,
    bad=sample_of("[INST] q [/INST]", "a"),
)
def other_template(sample: Sample) -> CheckResult:
    """Require texts without the turn marks of Llama, Gemma, Phi, Mistral or Alpaca."""
    for where, text, _ in _texts(sample):
        if mark := find_other_template(text):
            return Fault(f"{mark} in {where}")
    return PASS


@check(
    "leftover_markup",
    "warning",
    "HTML in an answer",
    "the model would learn to write it; turn it into plain text or Markdown (code in backticks is "
    "not checked)",
    good=_GOOD,
    bad=sample_of("q", "one<br>two &nbsp; three"),
)
def leftover_markup(sample: Sample) -> CheckResult:
    """Require answers that, outside code, hold no entity and no two tags of a page's text."""
    for text in sample.learnt_texts:
        if markup := find_markup(text.parts.answer):
            return Fault(f"{markup} in {text.where}")
    return PASS


@check(
    "escaped_text",
    "warning",
    "line breaks are written as two characters, \\n",
    "the model would learn to write the backslash: lf-qwen3 convert --unescape turns them into line breaks",
    good=_GOOD,
    bad=sample_of("q", "First.\\nSecond.\\n\\nThird."),
)
def escaped_text(sample: Sample) -> CheckResult:
    """Require real line ends in an answer that has several."""
    for text in sample.learnt_texts:
        answer = text.parts.answer
        if has_escaped_line_ends(answer):
            start = max(answer.index("\\n") - 10, 0)
            return Fault(f"{text.where}: {excerpt(answer[start:], 24)}")
    return PASS


@check(
    "placeholder",
    "warning",
    "an unfilled placeholder in an answer",
    "the model would learn to write it; put the real value there in the source",
    good=sample_of("q", "In Jinja, {{name}} is filled in; `{{name}}` is code."),
    bad=sample_of("Who are you?", "I am {{name}}."),
)
def placeholder(sample: Sample) -> CheckResult:
    """Require answers without {{name}}, outside code and lessons on templates."""
    for text in sample.learnt_texts:
        if mark := find_placeholder(text.parts.answer):
            return Fault(f"{mark} in {text.where}")
    return PASS


@check(
    "foreign_think_tag",
    "warning",
    "an answer begins with reasoning in tags that are not Qwen3's think tags",
    "the model would learn the tags as text; lf-qwen3 convert rewrites them as think tags",
    good=sample_of("q", "Write <thought> in front."),
    bad=sample_of("q", "<thought>Three and four.</thought>\n7"),
)
def foreign_think_tag(sample: Sample) -> CheckResult:
    """Require reasoning in think tags."""
    for text in sample.learnt_texts:
        if tag := find_foreign_tag(text.text):
            return Fault(f"{tag} in {text.where}")
    return PASS


def _texts(sample: Sample) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield where, the text, and the tokens that belong there."""
    lists_tools = sample.record.tools or "</tools>" in sample.record.system
    of_system = TOOL_TAGS if lists_tools else _RESULTS
    for where, text in sample.prompts:
        tags = of_system if where == SYSTEM_PROMPT else _RESULTS
        yield where, text, (*tags, *THINK_TAGS)
    for answer in sample.assistant_texts:
        yield answer.where, answer.text, (*_CALLS, *THINK_TAGS)
