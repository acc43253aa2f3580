"""CSV with a header row: comma, semicolon or tab; every value is text."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.sources.encoding import iconv_hint
from lf_qwen3.data.sources.kind import extension, likely_encoding
from lf_qwen3.data.sources.part import BadRow, Item, Part, SourceFile
from lf_qwen3.data.sources.stream import cut_of, open_source

DELIMITERS = ",;\t"
CELL_LIMIT = 128 << 20
"""Characters of one cell; more than that is a quote that was never closed."""

_HEADER_HINT = "the first row has to name the columns, with different names, in UTF-8"


def rows(part: Part) -> Iterator[Item]:
    """Yield one item per record below the header. Raises `UsageError` when the header is none."""
    with open_source(part.file) as file:
        lines = io.TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="")
        records = _records(lines, part.file)
        header: list[str] | None = None
        item: Item = None
        for fields, raw in records:
            if header is not None:
                item = _item(header, fields, raw, cut_of(file))
                yield item
            elif fields:
                header = _header(part.file, fields, raw)
        is_reported = isinstance(item, BadRow) and item.code == "truncated"
        if (problem := cut_of(file)) and not is_reported:
            yield BadRow("truncated", problem, "")


def _records(lines: Iterable[str], file: SourceFile) -> Iterator[tuple[list[str] | csv.Error, str]]:
    """Yield each record's fields, or what the parser says against it, with the text it came from."""
    lines = iter(lines)
    first = next((line for line in lines if line.strip()), "")
    taken: list[str] = []

    def tapped() -> Iterator[str]:
        for line in chain([first], lines):
            taken.append(line)
            yield line

    reader = csv.reader(tapped(), delimiter=_delimiter(file, first), strict=True)
    while True:
        fields: list[str] | csv.Error
        try:
            fields = _next_record(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fields = error
        yield fields, "".join(taken)
        taken.clear()


def _item(header: list[str], fields: list[str] | csv.Error, raw: str, cut: str) -> Item:
    if fields == []:
        return None
    is_last = not raw.endswith(("\n", "\r"))
    text = raw.rstrip("\r\n")
    if is_last and cut:
        return BadRow("truncated", cut, _shown(text))
    if "\0" in text:
        return BadRow("nul", f"at character {text.index(chr(0)) + 1} of the row", text)
    if not _is_utf8(text):
        return BadRow("invalid_utf8", "", _shown(text))
    if isinstance(fields, csv.Error):
        if str(fields) == "unexpected end of data":
            return BadRow("truncated", "a quote is opened and never closed", text)
        return BadRow("malformed", str(fields), text)
    if len(fields) != len(header):
        code = "truncated" if is_last and len(fields) < len(header) else "malformed"
        return BadRow(code, f"{len(fields)} fields, the header has {len(header)}", text)
    return dict(zip(header, fields, strict=True))


def _header(file: SourceFile, fields: list[str] | csv.Error, raw: str) -> list[str]:
    """Return the names; a column without one (an index that pandas wrote) is called column_N."""
    problem, hint = "", _HEADER_HINT
    if isinstance(fields, csv.Error):
        problem = str(fields)
    elif "\0" in raw or not _is_utf8(raw):
        problem, hint = "it is not UTF-8 text", iconv_hint(file.path, likely_encoding(file.path))
    else:
        names = [name.strip() or f"column_{index}" for index, name in enumerate(fields, start=1)]
        twice = [name for name, times in Counter(names).items() if times > 1]
        problem = f"duplicate column name '{twice[0]}'" if twice else ""
    if problem:
        raise UsageError(f"{file.path}: the header row cannot be used: {problem}", hint, code="csv_header")
    return names


def _delimiter(file: SourceFile, first: str) -> str:
    """Return the delimiter that cuts the header into most names; of a .tsv file it is the tab."""
    if extension(file.path) == ".tsv":
        return "\t"
    return max(DELIMITERS, key=lambda delimiter: _columns(first, delimiter))


def _columns(header: str, delimiter: str) -> int:
    try:
        return len(_next_record(csv.reader([header], delimiter=delimiter)))
    except StopIteration:
        return 0


def _next_record(reader: Iterator[list[str]]) -> list[str]:
    """Return the next record, cells of up to `CELL_LIMIT` allowed; the process keeps its own limit."""
    before = csv.field_size_limit(CELL_LIMIT)
    try:
        return next(reader)
    finally:
        csv.field_size_limit(before)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
