"""The HTML of the tab: the templates of web/board, filled with what the handlers return.

`SECTION/VIEW.html` extends `view.html` and is given `state` and the texts `t`. Every value is escaped, counts
are grouped by thousands, and what cannot be seen is made visible. Line breaks between elements are for the
reader of a template alone: they are not part of the page.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension

from lf_qwen3.base import assets
from lf_qwen3.base.reasons import REJECTED, REPAIRED
from lf_qwen3.board.handlers import places
from lf_qwen3.board.texts import Texts, shown
from lf_qwen3.data.generate.refusals import REFUSED


def render(template: str, texts: Texts, **values: object) -> str:
    """Return the HTML that `template` (SECTION/VIEW) makes of the values."""
    return _environment().get_template(f"{template}.html").render(t=texts, **values)


def visible(value: Any) -> Any:
    """Return a value as text: counts grouped, files by name, what has no shape or turns the text visible."""
    if hasattr(value, "__html__"):
        return value
    text = places.name_files(shown(value)).encode("utf-8", "backslashreplace").decode("utf-8")
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else f"\\x{ord(char):02x}" for char in text)


def setting(value: object) -> object:
    """Return a setting as a YAML writes it; a dash for an empty one."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return (
        (", ".join(map(str, value)) if isinstance(value, list) else value) if value not in ([], "") else "–"
    )


class _JoinedLines(Extension):
    """Takes the line breaks between elements out of a template; lines keep their numbers in errors."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return re.sub(r"(?<=[>}])(\n\s*)(?=[<{])", r"{#\1#}", source)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(assets.folder("web") / "board"),
        extensions=[_JoinedLines],
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["setting"] = setting
    environment.globals |= {"REJECTED": REJECTED, "REPAIRED": REPAIRED, "REFUSED": REFUSED}
    environment.globals["parts"] = environment.get_template("parts.html").module
    return environment
