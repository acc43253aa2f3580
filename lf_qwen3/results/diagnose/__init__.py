"""What a training run tells about itself: verdicts on its curves, its stop and its files, each with evidence.

    diagnose(folder) -> Diagnosis

A verdict is one function below `lf_qwen3.results.diagnose.verdicts`, found by itself; it sees one
`TrainingRun`, read from what the trainer leaves, finished or still going.
"""

from lf_qwen3.results.diagnose.diagnosis import Diagnosis, Verdict, diagnose
from lf_qwen3.results.diagnose.training_run import Point, TrainingRun

__all__ = ["Diagnosis", "Point", "TrainingRun", "Verdict", "diagnose"]
