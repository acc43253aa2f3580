"""Read tool calls and tool descriptions, and write them as canonical JSON text.

The standard library's parser is used on purpose: it keeps integers of any size exactly as they are.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable, Collection
from typing import Any

from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.source_row import is_filled
from lf_qwen3.qwen3.thinking import excerpt

_QUOTED_ARGUMENTS = re.compile(r"""(.*"arguments"\s*:\s*)'(.*)'(\s*\})\s*\Z""", re.DOTALL)
"""JSON arguments in single quotes inside the JSON of a call, as glaive-function-calling writes them."""
_TAGGED = re.compile(r"\s*(?:<tool_call>(?:(?!</?tool_call>).)*</tool_call>\s*)+", re.DOTALL)
_TAG = re.compile("</?tool_call>")
_LITERAL_ERRORS = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)


def calls_text(value: object, where: str, leave: Callable[[str], object] = lambda key: None) -> str:
    """Return tool calls as the JSON array [{"name", "arguments"}, ...], "" if there are none.

    `value` is one call or a list of them, as objects or as text (JSON, or the literal that Python writes),
    in OpenAI's form ({"function": {"name", "arguments"}}) or flat; arguments may be such a text, and null or
    a blank text if there are none. Qwen's tags around whole calls are removed. Other keys that are
    filled go to `leave`. Raises `Reject` ("bad_tool_call") for anything else.
    """
    given = _parsed(_without_tags(value), "bad_tool_call", where)
    if given is None or given == []:
        return ""
    calls = [_call(call, where, leave) for call in (given if isinstance(given, list) else [given])]
    return _written(calls, "bad_tool_call", where)


def joined_calls(first: str, second: str) -> str:
    """Return two JSON arrays of calls as one."""
    return f"{first[:-1]}, {second[1:]}" if first and second else first or second


def tools_text(value: object) -> str:
    """Return tool descriptions as a JSON array, "" if there are none.

    `value` is a list of {"name", ...} or {"type": "function", "function": {"name", ...}}, or its text: JSON,
    several JSON objects one behind the other, or the literal that Python writes. Raises `Reject`
    ("bad_tools") for anything else.
    """
    tools = _parsed(value, "bad_tools", "tools")
    if tools is None or tools == []:
        return ""
    if isinstance(tools, dict) and _name_of(tools):
        tools = [tools]
    if not isinstance(tools, list):
        raise Reject("bad_tools", f"not a list: {excerpt(str(tools))}")
    described = [_parsed(tool, "bad_tools", f"tool {number}") for number, tool in enumerate(tools, 1)]
    for number, tool in enumerate(described, 1):
        if not _name_of(tool):
            raise Reject("bad_tools", f"tool {number} has no name")
    return _written(described, "bad_tools", "tools")


def describes_tools(value: object) -> bool:
    """Return whether a value holds tool descriptions, as `tools_text` reads them."""
    try:
        return bool(tools_text(value))
    except Reject:
        return False


def names_of_tools(tools: str) -> set[str]:
    """Return the names of the tools that a JSON array describes."""
    return {_name_of(tool) for tool in json.loads(tools or "[]")}


def joined_tools(tools: str, others: str) -> str:
    """Return the tools that two places of a row have: those of the first, which describe all of the second.

    Both are JSON arrays or "". Raises `Reject` ("tools_twice") where the second names another tool.
    """
    if not tools or not others:
        return tools or others
    if unknown := names_of_tools(others) - names_of_tools(tools):
        raise Reject("tools_twice", excerpt(min(unknown)))
    return tools


def _without_tags(value: object) -> object:
    if isinstance(value, str) and _TAGGED.fullmatch(value):
        return _TAG.sub("\n", value)
    return value


def _name_of(tool: object) -> str:
    """Return the name that a tool's description gives, "" where it is not a description."""
    function = tool.get("function", tool) if isinstance(tool, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else ""


def _call(call: object, where: str, leave: Callable[[str], object]) -> dict[str, Any]:
    call = _parsed(call, "bad_tool_call", where)
    function = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Reject("bad_tool_call", f"{where}: no name in {excerpt(str(call))}")
    key = "parameters" if "arguments" not in function and "parameters" in function else "arguments"
    arguments = _parsed(function.get(key), "bad_tool_call", where)
    if arguments is None and key in function:
        arguments = {}
    if not isinstance(arguments, dict):
        raise Reject("bad_tool_call", f"{where}: the arguments of {function['name']} are not an object")
    known = ("type", "name", key)
    for other in _other_keys(call, known if function is call else ("type", "function")):
        leave(other)
    for other in _other_keys(function, known) if function is not call else ():
        leave(f"function.{other}")
    return {"name": function["name"], "arguments": arguments}


def _other_keys(item: Any, known: Collection[str]) -> list[str]:
    return [key for key, value in item.items() if key not in known and is_filled(value)]


def _parsed(value: object, code: str, where: str) -> Any:
    """Return the value behind a text; blank text is None, what is not a text is returned as it is."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    for parse in (_json, _json_values, _quoted_arguments, _literal):
        try:
            return parse(value)
        except _LITERAL_ERRORS:
            continue
    raise Reject(code, f"{where}: not JSON: {excerpt(value.strip())}")


def _json(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _json_values(text: str) -> list[Any]:
    """Return the JSON objects that follow each other, with or without a comma between them."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    values: list[Any] = []
    at = 0
    while rest := text[at:].lstrip(" \t\r\n,"):
        value, length = decoder.raw_decode(rest)
        if not isinstance(value, dict):
            raise ValueError("not an object")
        values.append(value)
        at = len(text) - len(rest) + length
    return values


def _quoted_arguments(text: str) -> Any:
    if quoted := _QUOTED_ARGUMENTS.fullmatch(text):
        call = _json(f"{quoted[1]}null{quoted[3]}")
        return {**call, "arguments": _json(quoted[2])}
    raise ValueError("no quoted arguments")


def _literal(text: str) -> Any:
    """Return the value of a Python literal that JSON could hold just as well."""
    with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
        value = ast.literal_eval(text.strip())
    _require_json(value)
    return value


def _require_json(value: object) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError("a key is not text")
            _require_json(inner)
    elif isinstance(value, list):
        for inner in value:
            _require_json(inner)
    elif not (value is None or isinstance(value, str | bool | int | float)):
        raise TypeError("not a JSON value")


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
    raise ValueError(f"{constant} is not JSON")
