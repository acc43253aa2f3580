"""What convert warns of in the texts it writes; `check` finds the same (`lf_qwen3.data.row_defects`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lf_qwen3.base.coded import CodedText
from lf_qwen3.base.conversation import Conversation
from lf_qwen3.data.row_defects import find_placeholder, find_think_tag, has_escaped_line_ends

_Find = Callable[[str], object]

_IN_ANSWERS: Mapping[str, _Find] = {"placeholder": find_placeholder, "escaped_text": has_escaped_line_ends}
_IN_PROMPTS: Mapping[str, _Find] = {"think_in_prompt": find_think_tag}
_TEXT = {
    "placeholder": "have a placeholder such as {{name}} in an answer, which the model would learn to "
    "write; put the real value there in the source",
    "escaped_text": "have the line breaks of an answer as two characters, \\n, and the model would learn the "
    "backslash; --unescape turns them into line breaks",
    "think_in_prompt": "have think tags in a prompt: right if users will send this very prompt, otherwise "
    "needless, because Qwen3 thinks without being asked",
}


@dataclass(slots=True)
class WarnedRows:
    """The rows that hold something to warn of: by its code how many, and the file and row of the first."""

    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, tuple[int, int]] = field(default_factory=dict)

    def note(self, conversations: Sequence[Conversation], row: int) -> None:
        """Count a row; `row` counts from 0 within its part."""
        texts: tuple[list[str], list[str]] = [], [kept.system for kept in conversations]
        for kept in conversations:
            for turn in kept.turns:
                texts[turn.role != "assistant"].append(turn.content)
        for own, kinds in zip(texts, (_IN_ANSWERS, _IN_PROMPTS), strict=True):
            for code, find in kinds.items():
                if any(map(find, own)):
                    self._add(code, 1, (0, row))

    def add(self, other: WarnedRows, file: int, first_row: int) -> None:
        """Add the rows of a part of a file, whose first row has that number."""
        for code, count in other.counts.items():
            self._add(code, count, (file, first_row + other.first[code][1]))

    def describe(self, labels: list[str]) -> list[str]:
        """Return a warning for each kind of thing."""
        places = {code: (labels[file], row) for code, (file, row) in self.first.items()}
        return [
            CodedText(
                f"{count:,} rows {_TEXT[code]}; the first is {places[code][0]}:{places[code][1]}",
                code,
                {"rows": count, "file": places[code][0], "row": places[code][1]},
            )
            for code, count in self.counts.items()
        ]

    def _add(self, code: str, count: int, place: tuple[int, int]) -> None:
        self.counts[code] = self.counts.get(code, 0) + count
        self.first.setdefault(code, place)
