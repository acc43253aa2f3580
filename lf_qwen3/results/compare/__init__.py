"""Compare prediction runs row by row: what differs, how sure that is, and which rows changed most.

compare(base, tuned) -> Comparison
save_reports(comparison, [Path("report.html"), Path("report.md"), Path("scores.json")])
"""

from lf_qwen3.results.compare.comparison import Comparison, compare
from lf_qwen3.results.compare.difference import Difference, Pair
from lf_qwen3.results.compare.named_run import NamedRun
from lf_qwen3.results.compare.saving import save_reports

__all__ = ["Comparison", "Difference", "NamedRun", "Pair", "compare", "save_reports"]
