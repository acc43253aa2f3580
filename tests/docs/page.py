"""What a page of the site shows: the files in its blocks, and the commands, in their order."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(file for file in DOCS.rglob("*.md") if file.relative_to(DOCS).parts[0] != "reference")
FENCE = re.compile(r"^(`{3,}) *(.*?)\n(.*?)^\1 *$", re.DOTALL | re.MULTILINE)
_CAPTION = re.compile(r"^:caption: (\S+)\n+", re.MULTILINE)


@dataclass(frozen=True)
class ShownFile:
    """A block with a caption: the file of that name. It is written where it is missing, else compared."""

    name: str
    text: str

    def write(self, folder: Path) -> None:
        """Write the file; the records of a .jsonl, which the page may show on several lines, one a line."""
        target = folder / self.name
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in _records(self.text))
        target.write_text("".join(lines) if self.name.endswith(".jsonl") else self.text, "utf-8")

    def differences(self, folder: Path) -> list[str]:
        """Return what the page shows and the file does not hold: records, keys of an object, or lines."""
        text = (folder / self.name).read_text("utf-8")
        if self.name.endswith(".jsonl"):
            there = list(_records(text))
            return [str(record) for record in _records(self.text) if record not in there]
        if self.name.endswith(".json"):
            whole = json.loads(text)
            return [key for key, value in json.loads(self.text).items() if whole.get(key) != value]
        there = [" ".join(line.split()) for line in text.splitlines()]
        return [line for line in self.text.splitlines() if " ".join(line.split()) not in there]


@dataclass(frozen=True)
class ShownCommand:
    """A command of a block, and the output that the page shows below it."""

    line: str
    output: str = ""

    @property
    def words(self) -> list[str]:
        """Return the words of the command, its comment left out."""
        return shlex.split(self.line, comments=True)


Item = ShownFile | ShownCommand


def items(page: Path) -> Iterator[Item]:
    """Yield the files and the commands of a page in their order."""
    for _, info, body in FENCE.findall(page.read_text("utf-8")):
        caption = _CAPTION.match(body)
        if caption:
            yield ShownFile(caption[1], body[caption.end() :])
        elif info in ("bash", "sh"):
            yield from (ShownCommand(line) for line in _joined(body) if line and line[0] != "#")
        elif info == "console":
            yield from _with_output(body)


def _with_output(body: str) -> Iterator[ShownCommand]:
    for part in re.split(r"(?m)^\$ ", body)[1:]:
        lines = _joined(part)
        yield ShownCommand(lines[0], "\n".join(lines[1:]))


def _joined(body: str) -> list[str]:
    """Return the lines, those that end in a backslash joined with the next."""
    return re.sub(r" *\\\n *", " ", body).splitlines()


def _records(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    place = 0
    while text[place:].strip():
        place += len(text[place:]) - len(text[place:].lstrip())
        record, place = decoder.raw_decode(text, place)
        yield record
