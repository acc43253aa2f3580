"""Check registered datasets, and the training YAML over them, before a GPU hour is spent.

report = check("data", config="runs/my_data/train.yaml")
report.findings, report.is_clean
"""

from lf_qwen3.proof.check.check_datasets import check
from lf_qwen3.proof.check.findings import Finding
from lf_qwen3.proof.check.report import CheckReport

__all__ = ["CheckReport", "Finding", "check"]
