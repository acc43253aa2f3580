"""Answer the test split with the base and the tuned model, score both, compare, and write the report.

    evaluate(out) -> Evaluation

`out` is the folder of `recipe new`: train.yaml, predict_base.yaml and predict_tuned.yaml are in it.
"""

from lf_qwen3.results.evaluate.evaluation import Evaluation, Served, evaluate

__all__ = ["Evaluation", "Served", "evaluate"]
