"""Score predictions: the answer, the thinking and both, as the trainer does, and what went wrong in them."""

from __future__ import annotations

from lf_qwen3.results.score.predictions import Prediction, read
from lf_qwen3.results.score.result import Figure, Scores, Summary
from lf_qwen3.results.score.run import score

__all__ = ["Figure", "Prediction", "Scores", "Summary", "read", "score"]
