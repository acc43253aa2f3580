"""The text of a dataset_info.json: read with line and column, changed without touching the rest.

LLaMA-Factory opens the file without an encoding, so a new entry is written in ASCII. What others wrote keeps
its bytes, escaped or not; also what is not a dataset (a `_comment`) and a name that occurs twice: the trainer
reads only the names that it is asked for, and of two alike the last.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lf_qwen3.data.registry.broken import (
    broken_registry,
    decode_registry,
    describe_syntax_error,
)

_INDENT = "  "
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class Member(NamedTuple):
    """One `"name": value` of an object and the places of its parts in the text."""

    name: str
    value: Any
    start: int
    name_end: int
    value_start: int
    end: int


class Style(NamedTuple):
    """How the file is laid out: the text between entries, and whether each takes one line."""

    separator: str
    newline: str
    indent: str
    colon: str
    flat_entries: bool


@dataclass(frozen=True, slots=True)
class RegistryText:
    """A parsed file: its text without BOM, the braces of its root, the members between them."""

    text: str
    opening: int
    closing: int
    members: list[Member]
    has_bom: bool = False

    @property
    def values(self) -> dict[str, Any]:
        """Return what is under each name, in the order of the file; of two of one name the last."""
        return {member.name: member.value for member in self.members}

    @property
    def entries(self) -> dict[str, dict[str, Any]]:
        """Return the datasets by name: the values that are objects."""
        return {name: value for name, value in self.values.items() if isinstance(value, dict)}

    @property
    def other_names(self) -> tuple[str, ...]:
        """Return the names whose values are no datasets, a `_comment` for example."""
        return tuple(name for name, value in self.values.items() if not isinstance(value, dict))

    @property
    def times(self) -> Counter[str]:
        """Return how often each name is in the file."""
        return Counter(member.name for member in self.members)

    def line_of(self, name: str, key: str = "") -> int | None:
        """Return the line of an entry, or of a key in it or in its blocks; None for a strange name."""
        places = [member for member in self.members if member.name == name]
        if not places:
            return None
        at = places[-1].start
        if key and isinstance(places[-1].value, dict):
            keys, _ = _members(self.text, places[-1].value_start)
            blocks = [block for block in keys if isinstance(block.value, dict)]
            keys += [inner for block in blocks for inner in _members(self.text, block.value_start)[0]]
            at = next((inner.start for inner in keys if inner.name == key), at)
        return _line(self.text, at)

    def spliced(self, put: Mapping[str, Mapping[str, Any]], drop: Collection[str]) -> str:
        """Return the text with entries `put` (in place, or at the end) and `drop` taken out.

        Of a name that occurs twice the last is replaced, the others go. What is put at the end and dropped
        again leaves the text of before, to the byte.
        """
        style = _style_of(self)
        last = {member.name: index for index, member in enumerate(self.members) if member.name not in drop}
        pieces = [
            piece
            for index, member in enumerate(self.members)
            if member.name in last and (member.name not in put or index == last[member.name])
            for piece in self._kept(index, put, style)
        ]
        if pieces:
            pieces[0] = ""
        for name in (name for name in put if name not in last):
            pieces.append(style.separator if pieces else "")
            pieces += [json.dumps(name), style.colon, _entry(put[name], style)]
        lead, trail = self._margins(style)
        if not pieces:
            was_empty = (lead, trail) == (style.newline + _INDENT, style.newline)
            lead, trail = "", "" if was_empty else trail
        return "".join([self.text[: self.opening + 1], lead, *pieces, trail, self.text[self.closing :]])

    def _kept(self, index: int, put: Mapping[str, Mapping[str, Any]], style: Style) -> list[str]:
        """Return what stays of one member: what is before it, its name, its value."""
        member = self.members[index]
        gap = self.text[self.members[index - 1].end : member.start]
        name = self.text[member.start : member.value_start]
        if member.name in put:
            return [gap, name, _entry(put[member.name], style)]
        return [gap, name, self.text[member.value_start : member.end]]

    def _margins(self, style: Style) -> tuple[str, str]:
        """Return the white space between the braces of the root and what is in them.

        In an empty object the white space that is there goes behind a new entry, and what is put before the
        entry is such that `spliced` gives the same object back.
        """
        inside = self.text[self.opening + 1 : self.closing]
        if self.members:
            start, end = self.members[0].start - self.opening - 1, self.members[-1].end - self.opening - 1
            return inside[:start], inside[end:]
        if not inside:
            return style.newline + _INDENT, style.newline
        return (style.newline + style.indent if "\n" in inside else inside), inside


EMPTY = RegistryText("{}\n", 0, 1, [])
"""What a folder without dataset_info.json starts from."""


def parse(content: bytes, path: Path) -> RegistryText:
    """Read a dataset_info.json. Raises `LfQwen3Error` with line and column of what is wrong with it.

    Refused are broken JSON, other encodings than UTF-8, and a root that is not an object. A BOM is let pass,
    although LLaMA-Factory does not: `require_no_mark` refuses it.
    """
    text = decode_registry(content, path)
    has_bom = text.startswith("\ufeff")
    text = text.removeprefix("\ufeff")
    try:
        root = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{path}, line {error.lineno} column {error.colno}"
        raise broken_registry(f"{place}: {describe_syntax_error(text, error)}") from error
    except (ValueError, RecursionError) as error:
        raise broken_registry(f"{path}: cannot be read as JSON: {error}") from error
    opening = _skip_space(text, 0)
    if not isinstance(root, dict):
        raise broken_registry(
            f"{path}, line {_line(text, opening)} column "
            f"{opening - text.rfind(chr(10), 0, opening)}: expected an object of datasets, "
            f"not {kind_of_value(root)}"
        )
    members, closing = _members(text, opening)
    return RegistryText(text, opening, closing, members, has_bom)


def require_no_mark(document: RegistryText, path: Path) -> None:
    """Raise `LfQwen3Error` for a file with a byte order mark."""
    if document.has_bom:
        raise broken_registry(
            f"{path} begins with a byte order mark (BOM), which LLaMA-Factory cannot read",
            "save the file as UTF-8 without one; lf-qwen3 register and unregister remove it",
        )


def kind_of_value(value: object) -> str:
    """Return what a JSON value is, as text."""
    names = {
        list: "a list",
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        dict: "an object",
    }
    return names.get(type(value), "null")


def _members(text: str, opening: int) -> tuple[list[Member], int]:
    """Return the members of the object that opens at `opening` in valid JSON, and where it closes."""
    members: list[Member] = []
    at = _skip_space(text, opening + 1)
    while text[at] == '"':
        name, name_end = _DECODER.raw_decode(text, at)
        value_start = _skip_space(text, _skip_space(text, name_end) + 1)
        value, end = _DECODER.raw_decode(text, value_start)
        members.append(Member(name, value, at, name_end, value_start, end))
        at = _skip_space(text, end)
        if text[at] == ",":
            at = _skip_space(text, at + 1)
    return members, at


def _style_of(document: RegistryText) -> Style:
    text, members = document.text, document.members
    newline = "\r\n" if "\r\n" in text else "\n"
    if not members:
        inside = text[document.opening + 1 : document.closing]
        if inside and "\n" not in inside:
            return Style(", ", "", "", ": ", flat_entries=True)
        indent = _INDENT * 2 if inside else _INDENT
        return Style(f",{newline}{indent}", newline, indent, ": ", flat_entries=False)
    lead = text[document.opening + 1 : members[0].start]
    colon = text[members[0].name_end : members[0].value_start]
    if "\n" not in lead:
        comma = text[members[0].end : members[1].start] if len(members) > 1 else ", " if " " in colon else ","
        return Style(comma, "", "", colon, flat_entries=True)
    indent = lead.rpartition("\n")[2]
    flat = all("\n" not in text[member.value_start : member.end] for member in members)
    return Style(f",{newline}{indent}", newline, indent, colon, flat)


def _entry(entry: Mapping[str, Any], style: Style) -> str:
    if style.flat_entries:
        return json.dumps(entry, separators=(", " if " " in style.colon else ",", style.colon))
    laid_out = json.dumps(entry, indent=style.indent, separators=(",", style.colon))
    return laid_out.replace("\n", style.newline + style.indent)


def _skip_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
