"""What each code of the library says in English, by the groups of web/reasons/LANGUAGE.json."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from lf_qwen3.base import reasons
from lf_qwen3.base.reasons import Reason
from lf_qwen3.data.convert import warned
from lf_qwen3.data.generate.refusals import REFUSED
from lf_qwen3.proof.check.rules.registered import all_checks
from lf_qwen3.results.diagnose.verdict_rules import all_verdicts

PACKAGE = Path(__file__).parents[1] / "lf_qwen3"
GROUPS = {
    "rejected": reasons.REJECTED,
    "repaired": reasons.REPAIRED,
    "checks": {check.code: Reason(check.message, check.hint) for check in all_checks()},
    "verdicts": {verdict.code: Reason(verdict.what, verdict.advice) for verdict in all_verdicts()},
    "refused": REFUSED,
}
"""Groups whose English is the library's own, code by code."""


def texts_by_code() -> dict[str, list[str]]:
    """Return code -> the messages of an error, a warning or a note, one for each place that has it."""
    texts = defaultdict(list, {code: [text] for code, text in warned._TEXT.items()})
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                for code in _codes(node):
                    texts[code] += map(_text, node.args[:1])
    return texts


def _codes(call: ast.Call) -> Iterator[str]:
    values = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    if isinstance(call.func, ast.Name) and call.func.id in ("CodedText", "blame_error"):
        values += call.args[1:2]
    yield from (v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str))


def _text(node: ast.expr) -> str:
    """Return the constant parts of a text, without what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
