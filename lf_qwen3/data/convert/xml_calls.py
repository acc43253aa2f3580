"""Read the calls that Qwen3-Coder and Qwen3.5 write: a tag for the function and one for each parameter.

<function=weather>
<parameter=city>
Bonn
</parameter>
</function>
"""

from __future__ import annotations

import json
import re
from typing import Any

XML_CALL = "<function="
_FUNCTION = re.compile(r"\s*<function=([^>\n]+)>(.*)</function>\s*", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([^>\n]+)>\n?(.*?)\n?</parameter>", re.DOTALL)


def parse_xml_call(text: str, tools: str) -> dict[str, Any] | None:
    """Return the call {"name", "arguments"} that a text spells out, None for another text.

    `tools` is the JSON array of the tools. A value is a text where its tool says so; else it is read as JSON
    where it is some, as the template wrote it (Qwen35ToolUtils of LLaMA-Factory does the same).
    """
    function = _FUNCTION.fullmatch(text)
    if function is None or _PARAMETER.sub("", function[2]).strip():
        return None
    name = function[1].strip()
    types = _types(tools, name)
    arguments = {key: _value(value, types.get(key)) for key, value in _PARAMETER.findall(function[2])}
    return {"name": name, "arguments": arguments}


def _types(tools: str, name: str) -> dict[str, Any]:
    """Return the type of each parameter of a tool."""
    for tool in json.loads(tools or "[]"):
        function = tool.get("function", tool)
        if function.get("name") == name:
            parameters = function.get("parameters")
            properties = parameters.get("properties", parameters) if isinstance(parameters, dict) else {}
            return {key: schema.get("type") for key, schema in properties.items() if isinstance(schema, dict)}
    return {}


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _value(text: str, type_name: object) -> Any:
    if type_name in ("string", "str"):
        return text
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
