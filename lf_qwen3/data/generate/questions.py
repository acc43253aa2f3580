"""The questions of the sources: what is before the last answer, and that answer as the reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import xxhash

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject, UsageError
from lf_qwen3.data import converters, sources
from lf_qwen3.data.convert.conversations import choose_rules, convert_row, source_row
from lf_qwen3.data.convert.keys import fold
from lf_qwen3.data.convert.options import ConvertSource
from lf_qwen3.data.convert.resolve import resolve_sources
from lf_qwen3.data.converters.roles import DIALOGUES, QUESTIONS
from lf_qwen3.data.converters.source_row import AS_IT_IS, SourceRow
from lf_qwen3.data.provenance import PROVENANCE, Provenance, is_provenance
from lf_qwen3.data.sources import BadRow

QUESTIONS_ONLY = "questions"
"""In the place of a converter: a file without answers."""


@dataclass(frozen=True, slots=True)
class SourceQuestion:
    """One row of a source, `row` counted from 1.

    `turns` end with the question, earlier answers are without their thinking. `reference` is the row's own
    answer, "" where it has none, `thinking` the reasoning before it, `origin` says that a model wrote it,
    `passage` is the text of a corpus that the question was made from, `round` counts from 1 how often it was
    evolved. A row that convert rejects has its code in `code` and no turns.
    """

    source: str
    row: int
    turns: tuple[Turn, ...] = ()
    system: str = ""
    reference: str = ""
    thinking: str | None = None
    origin: Provenance | None = None
    passage: str = ""
    round: int = 0
    code: str = ""
    detail: str = ""

    @property
    def text(self) -> str:
        """The last question."""
        return self.turns[-1].content if self.turns else ""

    @property
    def digest(self) -> str:
        """A hash of all that is before the answer, folded."""
        texts = [self.system, *(turn.content for turn in self.turns)]
        return xxhash.xxh3_64_hexdigest(b"\0".join(map(fold, texts)))


class QuestionReader:
    """Reads the questions of sources, from the files each time: however many there are, memory is bounded."""

    def __init__(self, specs: Sequence[str], columns: Sequence[str] = (), limit: int | None = None) -> None:
        self.files = [file for spec in specs for file in _resolve(spec, columns)]
        self.limit = limit

    def __iter__(self) -> Iterator[SourceQuestion]:
        read = dict.fromkeys((file.spec for file in self.files), 0)
        for file in self.files:
            items = (item for part in sources.cut(file.file) for item in sources.rows(part))
            for number, item in enumerate(items, 1):
                if item is None:
                    continue
                if self.limit is not None and read[file.spec] == self.limit:
                    break
                read[file.spec] += 1
                yield _read(file, number, item)


def read_texts(specs: Sequence[str]) -> Iterator[SourceQuestion]:
    """Yield the questions of sources that can be read."""
    return (question for question in QuestionReader(specs) if not question.code)


def _resolve(spec: str, columns: Sequence[str]) -> list[ConvertSource]:
    try:
        return resolve_sources([spec], columns)
    except UsageError as error:
        if error.code != "no_converter_fits":
            raise
        files = sources.find_files(spec)
        if any(not _question_column(sources.columns(file)) for file in files):
            raise
        return [ConvertSource(spec, file, QUESTIONS_ONLY) for file in files]


def _question_column(columns: Sequence[str]) -> str:
    names = {column.lower(): column for column in columns}
    return next((names[name] for name in QUESTIONS if name in names), "")


def _read(file: ConvertSource, number: int, item: dict[str, object] | BadRow) -> SourceQuestion:
    try:
        if file.converter == QUESTIONS_ONLY:
            return _read_question(file, number, item)
        row = source_row(item, file.roles, AS_IT_IS)
        if turns := _prompt_turns(row):
            return SourceQuestion(file.label, number, turns)
        conversation = next(convert_row(row, converters.get(file.converter).convert, choose_rules(False)))
    except Reject as reject:
        return SourceQuestion(file.label, number, code=reject.code, detail=reject.detail)
    meta = row.peek(PROVENANCE)
    return _build(file.label, number, conversation, meta if is_provenance(meta) else None)


def _read_question(file: ConvertSource, number: int, item: dict[str, object] | BadRow) -> SourceQuestion:
    if isinstance(item, BadRow):
        raise Reject(item.code, item.detail)
    text = item.get(_question_column(list(item)))
    if not isinstance(text, str) or not text.strip():
        raise Reject("empty_question")
    return SourceQuestion(file.label, number, (Turn("user", text.strip()),))


def _prompt_turns(row: SourceRow) -> tuple[Turn, ...]:
    """Return the turn of messages that are one question without an answer, else nothing."""
    messages = next((value for name in DIALOGUES if isinstance(value := row.peek(name), list)), None)
    if messages is None or len(messages) != 1 or not isinstance(messages[0], dict):
        return ()
    text = messages[0].get("content")
    is_question = messages[0].get("role") == "user" and isinstance(text, str) and text.strip()
    return (Turn("user", str(text).strip()),) if is_question else ()


def _build(source: str, number: int, conversation: Conversation, origin: Provenance | None) -> SourceQuestion:
    *before, last = conversation.turns
    if conversation.tools or any(turn.role == "tool" or turn.calls for turn in conversation.turns):
        return SourceQuestion(source, number, code="has_tools")
    turns = tuple(Turn(turn.role, turn.content) for turn in before)
    reference = "" if conversation.label is False else last.content
    return SourceQuestion(source, number, turns, conversation.system, reference, last.thinking, origin)
