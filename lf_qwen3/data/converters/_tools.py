"""Read tool calls and tool descriptions, and write them as canonical JSON text.

The standard library's parser is used on purpose: it keeps integers of any size exactly as they are.
"""

from __future__ import annotations

import json
from typing import Any

from lf_qwen3.base.errors import Reject
from lf_qwen3.qwen3.thinking import excerpt


def calls_text(value: object, where: str) -> str:
    """Return tool calls as the JSON array [{"name", "arguments"}, ...], "" where there are none.

    `value` is one call or a list of them, as objects or as JSON text, in OpenAI's form
    ({"function": {"name", "arguments"}}) or flat; arguments may be JSON text. Raises `Reject`
    ("bad_tool_call") for anything else.
    """
    given = _parsed(value, "bad_tool_call", where)
    if given is None or given == []:
        return ""
    calls = [_call(call, where) for call in (given if isinstance(given, list) else [given])]
    return _written(calls, "bad_tool_call", where)


def joined_calls(first: str, second: str) -> str:
    """Return two JSON arrays of calls as one."""
    return f"{first[:-1]}, {second[1:]}" if first and second else first or second


def tools_text(value: object) -> str:
    """Return tool descriptions as a JSON array, "" where there are none.

    `value` is a list of {"name", ...} or {"type": "function", "function": {"name", ...}}, or its JSON
    text. Raises `Reject` ("bad_tools") for anything else.
    """
    tools = _parsed(value, "bad_tools", "tools")
    if tools is None or tools == []:
        return ""
    if not isinstance(tools, list):
        raise Reject("bad_tools", f"not a list: {excerpt(str(tools))}")
    for number, tool in enumerate(tools, 1):
        function = tool.get("function", tool) if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise Reject("bad_tools", f"tool {number} has no name")
    return _written(tools, "bad_tools", "tools")


def _call(call: object, where: str) -> dict[str, Any]:
    function = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Reject("bad_tool_call", f"{where}: no name in {excerpt(str(call))}")
    arguments = _parsed(function.get("arguments"), "bad_tool_call", where)
    if not isinstance(arguments, dict):
        raise Reject("bad_tool_call", f"{where}: the arguments of {function['name']} are no object")
    return {"name": function["name"], "arguments": arguments}


def _parsed(value: object, code: str, where: str) -> Any:
    """Return the value behind JSON text; blank text is None, what is no text is returned as it is."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Reject(code, f"{where}: no JSON: {excerpt(value)}") from None


def _written(value: object, code: str, where: str) -> str:
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
        written.encode()
    except UnicodeEncodeError:
        raise Reject("surrogate", where) from None
    except (TypeError, ValueError, RecursionError):
        raise Reject(code, f"{where}: cannot be written as JSON") from None
    return written


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
