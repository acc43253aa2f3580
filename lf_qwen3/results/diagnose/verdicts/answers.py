"""What the predictions of the trained model show."""

from __future__ import annotations

from pathlib import Path

from lf_qwen3.results.diagnose.training_run import Answers, TrainingRun, example
from lf_qwen3.results.diagnose.verdict_rules import Evidence, VerdictResult, verdict

OFTEN = 0.05
"""The share of answers from which on a defect is not an accident of sampling."""


def _run(defect: str, share: float) -> TrainingRun:
    return example(answers=Answers(Path("predict/generated_predictions.jsonl"), 100, {defect: share}))


def _share(run: TrainingRun, defect: str) -> VerdictResult:
    """Return the share of a defect as evidence where it is common."""
    answers = run.answers
    share = answers.rates.get(defect, 0.0) if answers else 0.0
    if answers is None or share < OFTEN:
        return None
    text = f"{share:.0%} of {answers.count} answers in {answers.path}"
    return Evidence(text, {"share": round(share, 4), "answers": answers.count})


@verdict(
    "answers_repeat",
    "error",
    "the tuned model repeats itself until the end of its answers",
    "predict with Qwen's sampling (do_sample: true, temperature 0.6, top_p 0.95, top_k 20), "
    "never with greedy decoding; then train fewer epochs or with a lower learning_rate",
    turns={"epochs": "down", "learning_rate": "down"},
    good=_run("repetition", 0.01),
    bad=_run("repetition", 0.3),
)
def answers_repeat(run: TrainingRun) -> VerdictResult:
    """Require answers that come to an end in their own words."""
    return _share(run, "repetition")


@verdict(
    "answers_cut",
    "warning",
    "the tuned model's answers do not end",
    "raise max_new_tokens; if cutoff_len truncated training records, the model never saw an "
    "end token: lf-qwen3 check --config TRAIN.yaml counts them",
    good=_run("cut", 0.01),
    bad=_run("cut", 0.3),
)
def answers_cut(run: TrainingRun) -> VerdictResult:
    """Require answers that end before max_new_tokens."""
    return _share(run, "cut")


@verdict(
    "thinking_unclosed",
    "error",
    "the tuned model starts to think and never reaches an answer",
    "raise max_new_tokens and cutoff_len; check that the records close their think blocks: "
    "lf-qwen3 check NAME",
    good=_run("unclosed_thinking", 0.01),
    bad=_run("unclosed_thinking", 0.3),
)
def thinking_unclosed(run: TrainingRun) -> VerdictResult:
    """Require that thinking, once begun, is closed."""
    return _share(run, "unclosed_thinking")


@verdict(
    "tokens_leaked",
    "error",
    "control tokens are in the answers as text: the data contained chat template text, or "
    "the chat template is wrong",
    "train with template: qwen3 on data from lf-qwen3 convert; lf-qwen3 check NAME finds "
    "chat template text in it",
    good=_run("leaked_token", 0.01),
    bad=_run("leaked_token", 0.3),
)
def tokens_leaked(run: TrainingRun) -> VerdictResult:
    """Require answers without control tokens."""
    return _share(run, "leaked_token")


@verdict(
    "answers_empty",
    "error",
    "the tuned model's answers are empty",
    "check that answers are in the loss (lf-qwen3 preview NAME shows the loss mask) and that none is empty",
    good=_run("empty_answer", 0.01),
    bad=_run("empty_answer", 0.3),
)
def answers_empty(run: TrainingRun) -> VerdictResult:
    """Require some text after the thinking."""
    return _share(run, "empty_answer")


@verdict(
    "answers_language",
    "warning",
    "the tuned model answers in another language than the question",
    "train on rows in the languages of the users, or mix some in: lf-qwen3 convert A B",
    good=_run("wrong_language", 0.01),
    bad=_run("wrong_language", 0.3),
)
def answers_language(run: TrainingRun) -> VerdictResult:
    """Require answers in the language of the question."""
    return _share(run, "wrong_language")
