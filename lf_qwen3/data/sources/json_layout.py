"""How the rows are in a JSON file: under a key, by their ids, column by column, as lists of messages.

One pass over the file tells, in bounded memory; where nothing of the kind is seen, the file is a plain run of
rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import did_you_mean
from lf_qwen3.data.converters.roles import ROLES
from lf_qwen3.data.sources.json_cursor import JsonCursor
from lf_qwen3.data.sources.json_outline import JsonMember, JsonOutline, decode_value, read_outline
from lf_qwen3.data.sources.json_shapes import PAGE_KEYS
from lf_qwen3.data.sources.part import JsonPlace, Layout, SourceFile
from lf_qwen3.data.sources.row import is_conversation, is_message, is_row_in_list
from lf_qwen3.data.sources.stream import open_source, skip_mark, skip_to

_MOST_COLUMNS = 200
_MOST_SHOWN = 10
_SAMPLE = 3

_QUESTIONS = frozenset((*ROLES["question"], *ROLES["input"]))
_ANSWERS = frozenset((*ROLES["answer"], *ROLES["chosen"]))
_DIALOGUES = frozenset((*ROLES["messages"], *ROLES["chosen"], *ROLES["rejected"], *ROLES["question"]))
_ROLE_NAMES = frozenset(name for role, names in ROLES.items() for name in (role, *names))


def find_layout(file: SourceFile, wanted: str = "") -> Layout | None:
    """Return how the rows are in a JSON text, None for a plain run of objects.

    `wanted` names one of several lists of rows. Raises `UsageError`: `several_lists` where none is named,
    `list_missing` for one that does not exist, `columns_unequal` for columns of different lengths.
    """
    with open_source(file) as stream:
        cursor = JsonCursor(stream, skip_mark(stream))
        opening = cursor.peek()
        if opening == b"[":
            return _layout_of_array(cursor)
        if opening != b"{":
            return None
        outline = read_outline(cursor)
        is_whole = outline.place.stop is not None
        if cursor.peek() if is_whole else file.kind == "jsonl":
            return None
    layout = _layout_of_object(file, outline, wanted)
    return layout if is_whole or layout is None else _open_ended(layout)


def _open_ended(layout: Layout) -> Layout | None:
    """Return a layout that reads on to where the text ends early, so that nothing is skipped."""
    if layout.shape not in ("array", "by_key"):
        return None
    return replace(layout, places=(layout.places[0]._replace(stop=None),))


def _layout_of_array(cursor: JsonCursor) -> Layout | None:
    place = JsonPlace("", cursor.place, None)
    first: list[Any] = []
    try:
        cursor.take(b"[")
        while len(first) < _SAMPLE and cursor.peek() != b"]":
            first.append(decode_value(cursor.value()))
            cursor.take_if(b",")
        if is_conversation(first):
            while not cursor.take_if(b"]"):
                cursor.skip()
                cursor.take_if(b",")
            return Layout("lists") if cursor.peek() == b"[" else None
    except ValueError:
        return None
    if any(map(is_conversation, first)) or any(map(is_row_in_list, first)):
        return Layout("array", (place,))
    return Layout("array", (place,), inner="row") if _are_pages(first) else None


def _layout_of_object(
    file: SourceFile, outline: JsonOutline, wanted: str = "", depth: int = 0
) -> Layout | None:
    if _is_row(outline.members):
        return None
    if layout := _table(outline) or _columns(file, outline):
        return layout
    lists = [member for member in outline.of_kind("array") if _holds_rows(member.first)]
    pages = [member for member in lists if _are_pages(member.first)]
    member = _choose(file, pages or lists or _nests(outline), wanted)
    if member is None:
        return _rows_by_key(outline)
    beside = _names(outline, but=(member,))
    if member.kind == "array":
        return Layout("array", (member.place,), beside, "row" if member in pages else "")
    if depth:
        return None
    with open_source(file) as stream:
        skip_to(stream, member.place.start)
        inner = read_outline(JsonCursor(stream, member.place.start), member.key)
    layout = _layout_of_object(file, inner, "" if member.key == wanted else wanted, depth=1)
    if layout is None:
        return None
    nested = tuple(f"{member.key}.{name}" for name in layout.beside)
    return Layout(layout.shape, layout.places, beside + nested, layout.inner)


def _choose(file: SourceFile, members: Sequence[JsonMember], wanted: str) -> JsonMember | None:
    """Return the member that holds the rows, None for none."""
    named = [member for member in members if member.key == wanted]
    if wanted and not named and [member.kind for member in members] == ["object"]:
        return members[0]  # the list may stand inside
    if wanted and not named:
        names = [member.key for member in members]
        listed = f"lists of rows: {', '.join(names[:_MOST_SHOWN]) or 'none'}"
        near = did_you_mean(wanted, names)
        raise UsageError(
            f"{file.path}: no rows under '{wanted}'",
            f"{near} {listed}" if near else listed,
            code="list_missing",
        )
    if len(members) > 1 and not wanted:
        listed = ", ".join(f"{member.key} ({member.size:,})" for member in members[:_MOST_SHOWN])
        raise UsageError(
            f"{file.path}: it contains {len(members)} lists of rows: {listed}",
            f"name the one to read: '{file.path}#{members[0].key}'",
            code="several_lists",
        )
    return next(iter(named or members), None)


def _is_row(members: Sequence[JsonMember]) -> bool:
    """Return whether the object is one row: it holds the text of an answer, or a dialogue."""
    for member in members:
        name = member.key.lower()
        if isinstance(member.head, str) and name in _ANSWERS:
            return True
        is_dialogue = is_conversation(member.head) or (name == "conversation" and _are_objects(member.first))
        if member.kind == "array" and name in _DIALOGUES and is_dialogue:
            return True
    return False


def _holds_rows(elements: Sequence[Any]) -> bool:
    """Return whether elements are rows: objects that are no messages, or lists of messages."""
    if _are_objects(elements):
        return not all(map(is_message, elements))
    return bool(elements) and all(map(is_conversation, elements))


def _are_objects(elements: Sequence[Any]) -> bool:
    return bool(elements) and all(isinstance(element, dict) for element in elements)


def _are_pages(elements: Sequence[Any]) -> bool:
    """Return whether elements are those of the pages that a hub's API gives: {"row_idx": 0, "row": {...}}."""
    return _are_objects(elements) and all(
        isinstance(element.get("row"), dict) and "row_idx" in element and element.keys() <= PAGE_KEYS
        for element in elements
    )


def _nests(outline: JsonOutline) -> list[JsonMember]:
    """Return the members that are objects of rows, and no rows themselves."""
    objects = [member for member in outline.of_kind("object") if member.head]
    nests = [member for member in objects if not _looks_like_row(member.head)]
    if nests or len(objects) != 1 or _ROLE_NAMES & {key.lower() for key in objects[0].head}:
        return nests
    return [member for member in objects if any(_holds_rows(_list_of(value)) for value in member.first)]


def _list_of(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _looks_like_row(value: dict[str, Any]) -> bool:
    return any(
        name.lower() in _ROLE_NAMES or not isinstance(cell, dict | list) for name, cell in value.items()
    )


def _rows_by_key(outline: JsonOutline) -> Layout | None:
    """Return the layout of an object whose values are rows of the same columns, or lists of messages."""
    rows = outline.of_kind("object") + [
        member for member in outline.of_kind("array") if is_conversation(member.head)
    ]
    others = [member for member in outline.members if member not in rows]
    if len(rows) <= len(others):
        return None
    objects = [member.head for member in rows if member.kind == "object" and member.head]
    shared = set.intersection(*(set(head) for head in objects)) if objects else {"messages"}
    if not shared or (len(rows) == 1 and not _ROLE_NAMES.intersection(map(str.lower, shared))):
        return None
    return Layout("by_key", (outline.place,), tuple(member.key for member in others))


def _table(outline: JsonOutline) -> Layout | None:
    """Return the layout of {"columns": [names], "data": [[cells]]}, which pandas calls "split"."""
    arrays = {member.key: member for member in outline.of_kind("array")}
    if not {"columns", "data"} <= arrays.keys():
        return None
    names, cells = arrays["columns"], arrays["data"]
    is_table = all(isinstance(name, str) for name in names.first) and all(
        isinstance(row, list) and len(row) == names.size for row in cells.first
    )
    if not is_table or not cells.size:
        return None
    return Layout("table", (names.place, cells.place), _names(outline, but=(names, cells)))


def _columns(file: SourceFile, outline: JsonOutline) -> Layout | None:
    """Return the layout of an object that holds one array or one object of cells for each column."""
    arrays = [member for member in outline.of_kind("array") if member.size]
    objects = [member for member in outline.of_kind("object") if member.size]
    if arrays and not objects and _are_columns(arrays):
        if len({member.size for member in arrays}) > 1:
            lengths = ", ".join(f"{member.key} ({member.size:,})" for member in arrays[:_MOST_SHOWN])
            raise UsageError(
                f"{file.path}: it is stored column by column, and the columns differ in length: {lengths}",
                "each column needs one cell for each row: fill the missing ones, or remove the column",
                code="columns_unequal",
            )
        return _by_column("columns", outline, arrays)
    if objects and not arrays and _are_cells_by_key(objects):
        return _by_column("columns_by_key", outline, objects)
    return None


def _by_column(shape: Any, outline: JsonOutline, columns: Sequence[JsonMember]) -> Layout | None:
    if len(columns) > _MOST_COLUMNS or any(member.place.stop is None for member in columns):
        return None
    return Layout(shape, tuple(member.place for member in columns), _names(outline, but=columns))


def _are_columns(arrays: Sequence[JsonMember]) -> bool:
    """Return whether arrays are columns: of one length, or with a question and an answer among them."""
    dialogues = [member for member in arrays if all(map(is_conversation, member.first))]
    cells = [
        member
        for member in arrays
        if member not in dialogues and not any(isinstance(element, dict) for element in member.first)
    ]
    names = {member.key.lower() for member in cells}
    if names & _QUESTIONS and names & _ANSWERS:
        return True
    is_every = len(cells) + len(dialogues) == len(arrays) > 1
    return bool(cells) and is_every and len({member.size for member in arrays}) == 1


def _are_cells_by_key(objects: Sequence[JsonMember]) -> bool:
    """Return whether objects are columns with the same row keys: numbers, or names of no column."""
    keys = [list(member.head) for member in objects]
    if any(own != keys[0] for own in keys) or len({member.size for member in objects}) > 1:
        return False
    are_numbers = all(key.isdigit() for key in keys[0])
    names = {member.key.lower() for member in objects}
    is_by_row = any(key.lower() in _ROLE_NAMES for key in keys[0]) or all(name.isdigit() for name in names)
    return not is_by_row and (are_numbers or bool(names & _QUESTIONS and names & _ANSWERS))


def _names(outline: JsonOutline, but: Sequence[JsonMember]) -> tuple[str, ...]:
    """Return the keys of the filled members that are left beside the rows."""
    left = [
        member.key
        for member in islice(outline.members, _MOST_COLUMNS)
        if member not in but and member.head not in ("", None, [], {})
    ]
    return tuple(left)
