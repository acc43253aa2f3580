"""The text of a dataset_info.json: read with line and column, changed without touching the rest.

LLaMA-Factory opens the file without an encoding, so whatever is written is ASCII; in JSON a character
beyond it stands only in strings, where its escape means the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lf_qwen3.base.errors import LfQwen3Error

_UNTOUCHED = "nothing was written; repair the file, or move it away"
_SPACE = re.compile(r"[ \t\r\n]*")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
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
    """How the file is laid out: what stands between entries, and whether each takes one line."""

    separator: str
    newline: str
    indent: str
    colon: str
    flat_entries: bool


@dataclass(frozen=True, slots=True)
class RegistryText:
    """A parsed file: its text without BOM, the braces of its root, the entries between them."""

    text: str
    opening: int
    closing: int
    members: list[Member]
    has_bom: bool = False

    @property
    def entries(self) -> dict[str, dict[str, Any]]:
        """Return the entries by name, in the order of the file."""
        return {member.name: member.value for member in self.members}

    def spliced(self, put: Mapping[str, Mapping[str, Any]], drop: Collection[str]) -> str:
        """Return the text with entries `put` (in place, or at the end) and `drop` taken out, all ASCII."""
        style = _style_of(self)
        pieces = [
            piece for index in range(len(self.members)) for piece in self._kept(index, put, drop, style)
        ]
        if pieces:
            pieces[0] = ""
        entries = self.entries
        for name in (name for name in put if name not in entries or name in drop):
            pieces.append(style.separator if pieces else "")
            pieces += [json.dumps(name), style.colon, _entry(put[name], style)]
        if not pieces:
            return _ascii(f"{self.text[: self.opening + 1]}}}{self.text[self.closing + 1 :]}")
        if self.members:
            head, tail = self.text[: self.members[0].start], self.text[self.members[-1].end :]
        else:
            head = self.text[: self.opening + 1] + style.newline + style.indent
            tail = style.newline + self.text[self.closing :]
        return _ascii("".join([head, *pieces, tail]))

    def _kept(
        self, index: int, put: Mapping[str, Mapping[str, Any]], drop: Collection[str], style: Style
    ) -> list[str]:
        """Return what stays of one entry: what stands before it, its name, its value."""
        member = self.members[index]
        if member.name in drop:
            return []
        gap = self.text[self.members[index - 1].end : member.start]
        name = self.text[member.start : member.value_start]
        if member.name in put:
            return [gap, name, _entry(put[member.name], style)]
        return [gap, name, self.text[member.value_start : member.end]]


EMPTY = RegistryText("{}\n", 0, 1, [])
"""What a folder without dataset_info.json starts from."""


def parse(content: bytes, path: Path) -> RegistryText:
    """Read a dataset_info.json. Raises `LfQwen3Error` with line and column of what is wrong with it.

    Refused besides broken JSON: other encodings than UTF-8, a name that stands twice in one object, a
    root or an entry that is no object. A BOM is let pass, although LLaMA-Factory does not.
    """
    text = _decoded(content, path)
    has_bom = text.startswith("\ufeff")
    text = text.removeprefix("\ufeff")
    try:
        root = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{path}, line {error.lineno} column {error.colno}"
        what = (
            f"not valid JSON: {error.msg}" if text.strip() else "the file is empty, which is not valid JSON"
        )
        raise LfQwen3Error(f"{place}: {what}", _UNTOUCHED, code="registry_broken") from error
    except (ValueError, RecursionError) as error:
        raise LfQwen3Error(
            f"{path}: cannot be read as JSON: {error}", _UNTOUCHED, code="registry_broken"
        ) from error
    opening = _skip_space(text, 0)
    if not isinstance(root, dict):
        raise LfQwen3Error(
            f"{_place(path, text, opening)}: an object of datasets is due here, not {_kind(root)}",
            _UNTOUCHED,
            code="registry_broken",
        )
    members, closing = _members(text, opening, path)
    for member in members:
        if not isinstance(member.value, dict):
            raise LfQwen3Error(
                f"{_place(path, text, member.value_start)}: "
                f"the entry '{member.name}' is {_kind(member.value)}, not an object",
                _UNTOUCHED,
                code="registry_broken",
            )
    return RegistryText(text, opening, closing, members, has_bom)


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        raise LfQwen3Error(
            f"{path}, line {line} column {column}: not UTF-8",
            f"save the file as UTF-8; {_UNTOUCHED}",
            code="registry_broken",
        ) from error


def _members(text: str, opening: int, path: Path) -> tuple[list[Member], int]:
    """Return the members of the object that opens at `opening` in valid JSON, and where it closes."""
    members: list[Member] = []
    names: set[str] = set()
    at = _skip_space(text, opening + 1)
    while text[at] == '"':
        name, name_end = _DECODER.raw_decode(text, at)
        if name in names:
            raise LfQwen3Error(
                f"{_place(path, text, at)}: '{name}' stands twice in one object",
                _UNTOUCHED,
                code="registry_broken",
            )
        names.add(name)
        value_start = _skip_space(text, _skip_space(text, name_end) + 1)
        value, end = _DECODER.raw_decode(text, value_start)
        if isinstance(value, dict):
            _members(text, value_start, path)
        members.append(Member(name, value, at, name_end, value_start, end))
        at = _skip_space(text, end)
        if text[at] == ",":
            at = _skip_space(text, at + 1)
    return members, at


def _style_of(document: RegistryText) -> Style:
    text, members = document.text, document.members
    newline = "\r\n" if "\r\n" in text else "\n"
    if not members:
        return Style(f",{newline}  ", newline, "  ", ": ", flat_entries=False)
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


def _ascii(text: str) -> str:
    return _BEYOND_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text)


def _skip_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _place(path: Path, text: str, at: int) -> str:
    return f"{path}, line {text.count(chr(10), 0, at) + 1} column {at - text.rfind(chr(10), 0, at)}"


def _kind(value: object) -> str:
    names = {
        list: "a list",
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        dict: "an object",
    }
    return names.get(type(value), "null")
