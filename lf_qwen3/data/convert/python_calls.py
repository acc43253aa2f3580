"""Read the calls that ToolACE and Llama write as Python: [weather(city="Bonn"), clock()]."""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import Any

_ERRORS = (ValueError, SyntaxError, MemoryError, RecursionError)


def parse_python_calls(text: str, names: Collection[str]) -> list[dict[str, Any]]:
    """Return the calls [{"name", "arguments"}, ...] that a text is made of, [] for any other text.

    `names` are those of the tools; they may hold spaces. Arguments are literals with their names.
    """
    body = text.strip()
    if not (body.startswith("[") and body.endswith("]")):
        return []
    calls: list[dict[str, Any]] = []
    rest = body[1:-1].strip()
    while rest:
        name = max((name for name in names if rest.startswith(f"{name}(")), key=len, default="")
        if not name:
            return []
        arguments, length = _arguments(rest[len(name) :])
        if not length:
            return []
        calls.append({"name": name, "arguments": arguments})
        rest = rest[len(name) + length :].lstrip(" ,\n")
    return calls


def _arguments(text: str) -> tuple[dict[str, Any], int]:
    """Return the arguments that a text begins with, brackets included, and their length; 0 for none."""
    at = text.find(")")
    while at >= 0:
        try:
            call = ast.parse(f"f{text[: at + 1]}", mode="eval").body
            if isinstance(call, ast.Call) and not call.args and isinstance(call.func, ast.Name):
                named = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords if word.arg}
                return (named, at + 1) if len(named) == len(call.keywords) else ({}, 0)
        except _ERRORS:
            pass
        at = text.find(")", at + 1)
    return {}, 0
