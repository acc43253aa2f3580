"""Every error has a code: messages may change, codes are public."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "lf_qwen3"
ERRORS = {"LfQwen3Error", "UsageError"}


def test_every_error_is_given_a_code() -> None:
    calls = [
        (file, node)
        for file in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ERRORS
    ]
    assert len(calls) > 200
    # `**fields` hands an error on, whole, from a process of the tab.
    bare = [call for call in calls if not any(keyword.arg in ("code", None) for keyword in call[1].keywords)]
    assert not [f"{file.relative_to(PACKAGE)}:{node.lineno}" for file, node in bare]
