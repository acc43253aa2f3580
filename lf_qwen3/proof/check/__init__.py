"""Check registered datasets, and the training YAML over them, before a GPU hour is spent.

report = check(CheckOptions(Path("data")))
report.is_clean, report.as_json()
"""

from lf_qwen3.proof.check.check_datasets import CheckOptions, check
from lf_qwen3.proof.check.findings import Finding, Findings
from lf_qwen3.proof.check.report import Report

__all__ = ["CheckOptions", "Finding", "Findings", "Report", "check"]
