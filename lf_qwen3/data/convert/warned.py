"""What convert warns of in the answers it writes; `check` finds the same (`lf_qwen3.data.row_defects`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lf_qwen3.base.conversation import Conversation
from lf_qwen3.data.row_defects import find_placeholder, has_escaped_line_ends

_FIND: Mapping[str, Callable[[str], object]] = {
    "placeholder": find_placeholder,
    "escaped_text": has_escaped_line_ends,
}
_TEXT = {
    "placeholder": "hold a placeholder such as {{name}} in an answer, which the model would learn to write; "
    "put the name in its place in the source",
    "escaped_text": "write the line ends of an answer as two characters, \\n, and the model would learn the "
    "backslash; --unescape makes line ends of them",
}


@dataclass(slots=True)
class WarnedRows:
    """The rows that hold something to warn of: by its code how many, and the file and row of the first."""

    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, tuple[int, int]] = field(default_factory=dict)

    def note(self, conversations: Iterable[Conversation], row: int) -> None:
        """Count a row; `row` counts from 0 within its part."""
        answers = [turn.content for kept in conversations for turn in kept.turns if turn.role == "assistant"]
        for code, find in _FIND.items():
            if any(map(find, answers)):
                self._add(code, 1, (0, row))

    def add(self, other: WarnedRows, file: int, first_row: int) -> None:
        """Add the rows of a part of a file, whose first row has that number."""
        for code, count in other.counts.items():
            self._add(code, count, (file, first_row + other.first[code][1]))

    def describe(self, labels: list[str]) -> list[str]:
        """Return a warning for each kind of thing."""
        return [
            f"{count:,} rows {_TEXT[code]}; the first is {labels[self.first[code][0]]}:{self.first[code][1]}"
            for code, count in self.counts.items()
        ]

    def _add(self, code: str, count: int, place: tuple[int, int]) -> None:
        self.counts[code] = self.counts.get(code, 0) + count
        self.first.setdefault(code, place)
