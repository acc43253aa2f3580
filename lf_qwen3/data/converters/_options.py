"""Read the options of a question, from an object, a list, a text, or a column each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.fields import first_of, json_text, kind, parse_cell
from lf_qwen3.data.converters.roles import OPTIONS
from lf_qwen3.data.converters.source_row import SourceRow, is_filled

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MARKED = re.compile(r"\s*[(（]?[A-Za-z0-9]{1,2}\s*[).:：、．）]")
_LABELS = ("label", "labels", "key", "id", "option", "letter")
_TEXTS = ("text", "texts", "value", "content", "answer", "option_text")


class Options(NamedTuple):
    """The options of one question: what each is called, and what it says.

    `text` holds options that are in one text. `marks` are other ways in which an answer may call an option:
    by the name of its column, or by the number in it. `is_called` tells that the answer only names one.
    """

    labels: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    text: str = ""
    marks: Mapping[str, str] = {}
    is_called: bool = False

    def lines_under(self, question: str) -> str:
        """Return a line for each option, "A. ...", "" where the question spells them out already."""
        if self.text:
            return "" if self.text.strip() in question else self.text
        if self.texts and not self.is_called and all(text in question for text in self.texts):
            return ""
        if len(self.texts) > 1 and all(map(_MARKED.match, self.texts)):
            return "\n".join(self.texts)
        return "\n".join(f"{label}. {text}" for label, text in zip(self.labels, self.texts, strict=True))

    def letter_of(self, answer: object) -> str:
        """Return the label of the option that an answer calls by its column or its number, else "".

        Raises `Reject` ("option_number") for a number that may count from 0 or from 1.
        """
        is_number = isinstance(answer, int) and not isinstance(answer, bool)
        called = str(answer).strip() if is_number or isinstance(answer, str) else ""
        if not called or called in self.texts:
            return ""
        if called.lower() in self.marks:
            return self.marks[called.lower()]
        if is_number and self.texts and called not in self.labels:
            raise Reject("option_number", f"{called} of {len(self.texts)}")
        return called if is_number and called in self.labels else ""


def read_options(row: SourceRow, answer: object) -> Options:
    """Return the options that a row has, none where it has none. Raises `Reject` ("not_text")."""
    name = first_of(row, "options")
    value = row.peek(name)
    if is_filled(value):
        labels, texts = _of_cell(parse_cell(row.get(name)), row, name)
        if not labels:
            return Options(text=texts[0])
        return Options(labels, texts, is_called=_calls(answer, labels))
    question = first_of(row, "question")
    if choices := _beside_stem(row.peek(question)):
        labels, texts = _of_cell(choices, row, question)
        return Options(labels, texts, is_called=_calls(answer, labels))
    columns = [column for column in row.names.options if is_filled(row.peek(column))]
    if len(columns) < 2:
        return Options()
    texts = tuple(_text(row.get(column), column) for column in columns)
    labels = tuple(_LETTERS[at] for at in range(len(columns)))
    marks = dict(zip(columns, labels, strict=True))
    numbers = {column.lstrip("abcdefghijklmnopqrstuvwxyz选项_ -"): letter for column, letter in marks.items()}
    if all(number.isdigit() for number in numbers):
        marks |= numbers
    marks = {mark: letter for mark, letter in marks.items() if len(mark) > 1 or mark.isdigit()}
    return Options(labels, texts, marks=marks, is_called=_calls(answer, (*labels, *marks)))


def _beside_stem(question: object) -> list[Any]:
    """Return the options that are in one object with the stem of the question."""
    if not isinstance(question, dict) or "stem" not in question:
        return []
    lists = (question[name] for name in OPTIONS if isinstance(question.get(name), list))
    return next(lists, [])


def _of_cell(value: Any, row: SourceRow, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return labels and texts; a text alone has no label."""
    if isinstance(value, str):
        return (), (value,)
    if isinstance(value, dict):
        return _of_object(value, name)
    if not isinstance(value, list) or len(value) > len(_LETTERS):
        raise Reject("not_text", f"{name} is {kind(value)}")
    labels = list(_LETTERS[: len(value)])
    texts: list[str] = []
    for at, item in enumerate(value):
        if isinstance(item, dict):
            label, text = _labelled(item, row, name)
            labels[at] = label or labels[at]
        else:
            text = _text(item, name)
        texts.append(text)
    return tuple(labels), tuple(texts)


def _of_object(value: dict[str, Any], name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read {"A": text, ...}, or {"label": [...], "text": [...]}."""
    lists = {key: items for key, items in value.items() if isinstance(items, list)}
    if len(lists) == 2 == len(value):
        labels = next((items for key, items in lists.items() if key.lower() in _LABELS), None)
        texts = next((items for key, items in lists.items() if key.lower() in _TEXTS), None)
        if labels is not None and texts is not None and len(labels) == len(texts):
            return tuple(_text(item, name) for item in labels), tuple(_text(item, name) for item in texts)
    filled = {key: item for key, item in value.items() if item is not None}
    return tuple(map(str, filled)), tuple(_text(item, name) for item in filled.values())


def _labelled(item: dict[str, Any], row: SourceRow, name: str) -> tuple[str, str]:
    """Read {label, text}, or {"A": text}."""
    if len(item) == 1:
        ((label, text),) = item.items()
        return ("" if label.lower() in _TEXTS else str(label)), _text(text, name)
    label_key = next((key for key in item if key.lower() in _LABELS), "")
    text_key = next((key for key in item if key.lower() in _TEXTS), "")
    if not text_key:
        raise Reject("not_text", f"an item of {name} has no text")
    for key, left in item.items():
        if key not in (label_key, text_key) and is_filled(left):
            row.leave(f"{row.column(name)}[].{key}")
    return (_text(item[label_key], name) if label_key else ""), _text(item[text_key], name)


def _text(value: object, name: str) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool | int | float):
        return json_text(value, name)
    raise Reject("not_text", f"an option of {name} is {kind(value)}")


def _calls(answer: object, labels: tuple[str, ...]) -> bool:
    return str(answer).strip().strip("().").lower() in [label.lower() for label in labels]
