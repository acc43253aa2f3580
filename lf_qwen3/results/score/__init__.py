"""Score predictions: the answer, the thinking and both, as the trainer does, and what went wrong in them."""

from __future__ import annotations

from lf_qwen3.results.score.compute import score_predictions
from lf_qwen3.results.score.predictions import Prediction, read
from lf_qwen3.results.score.report import ScoreReport, score
from lf_qwen3.results.score.result import Figure, Scores, Summary

__all__ = [
    "Figure",
    "Prediction",
    "ScoreReport",
    "Scores",
    "Summary",
    "read",
    "score",
    "score_predictions",
]
