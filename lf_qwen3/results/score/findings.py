"""Say what went wrong in the predictions, how often, where first, and what to try."""

from __future__ import annotations

from typing import NamedTuple

from lf_qwen3.results.score.result import Scores

THRESHOLD = 0.01
"""The share of the rows from which a defect is a finding."""

PLACES = 3

_LIMIT = "raise max_new_tokens in the predict YAML; Qwen recommends up to 32768 for most tasks"
_TEXTS: dict[str, tuple[str, str]] = {
    "unclosed_thinking": (
        "never close their thinking, so there is no answer",
        f"{_LIMIT}. If the limit was high enough, the training data was truncated: lf-qwen3 "
        "check --config train.yaml --tokenizer MODEL",
    ),
    "well_formed": (
        "have another think format than their label",
        "train and predict with the same template and the same enable_thinking (null for "
        "mixed data); lf-qwen3 preview shows the format that was trained",
    ),
    "cut": ("are truncated at max_new_tokens", _LIMIT),
    "repetition": (
        "repeat themselves until the end",
        "sample as Qwen recommends (temperature 0.6, top_p 0.95, top_k 20; greedy decoding "
        "repeats itself); if the base model does not repeat itself, train fewer epochs or "
        "with a lower learning_rate",
    ),
    "leaked_token": (
        "contain control tokens as text",
        "chat template text is in the training data, or the chat template does not fit the "
        "model: lf-qwen3 check NAME --dataset-dir DIR",
    ),
    "empty_answer": (
        "have no answer",
        "read the rows: an end token alone means that the model learnt to stop at once; "
        "lf-qwen3 check finds empty answers in the data",
    ),
    "wrong_language": (
        "answer in another language than the question and the label",
        "check the language of the training answers with lf-qwen3 preview, or set the "
        "language in default_system",
    ),
}
_GUESSED = "look truncated (a guess from their end)"
_TELL = "to be sure, name the predict YAML: --config predict.yaml. Then "


class DefectFinding(NamedTuple):
    """A defect of many rows: `rows` are line numbers, `of` the number of rows that can have it."""

    code: str
    message: str
    hint: str
    rows: list[int]
    of: int

    @property
    def share(self) -> float:
        """Return the share of the rows that have it, 0 to 1."""
        return len(self.rows) / self.of


def find_defects(scores: Scores) -> list[DefectFinding]:
    """Return the defects that 1 % of the rows or more have, those that explain others first."""
    findings = []
    for code, (message, hint) in _TEXTS.items():
        flags = [
            (row, flag) for row, flag in zip(scores.rows, scores.flags[code], strict=True) if flag is not None
        ]
        bad = [row for row, flag in flags if flag == (code != "well_formed")]
        if code == "cut" and scores.cut_evidence == "ending":
            message, hint = _GUESSED, _TELL + hint
        if flags and len(bad) >= THRESHOLD * len(flags) and bad:
            findings.append(DefectFinding(code, message, hint, bad, len(flags)))
    return findings
