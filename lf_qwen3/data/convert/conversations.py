"""Read sources as conversations, one row at a time; no file is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lf_qwen3.base.conversation import Conversation, Row
from lf_qwen3.base.errors import LfQwen3Error, Reject
from lf_qwen3.base.reasons import REJECTED, is_fault
from lf_qwen3.data import converters, sources
from lf_qwen3.data.convert import rules
from lf_qwen3.data.convert.fast.clean import normalise_clean
from lf_qwen3.data.convert.normalise import normalise, unescape
from lf_qwen3.data.convert.options import ConvertSource
from lf_qwen3.data.convert.report import RejectedRow
from lf_qwen3.data.converters.fields import require_text_only
from lf_qwen3.data.converters.labels import read_label
from lf_qwen3.data.converters.roles import Roles
from lf_qwen3.data.converters.source_row import AS_IT_IS, Reading, SourceRow, names_of_columns
from lf_qwen3.data.sources import BadRow


def choose_rules(allow_special: bool) -> list[rules.Rule]:
    """Return the rules that every conversation must keep; control tokens may be allowed."""
    return [rule for rule in rules.all_rules() if not (allow_special and rule.code == "special_token")]


def convert_row(
    row: SourceRow, convert: converters.Convert, chosen: list[rules.Rule]
) -> Iterator[Conversation]:
    """Yield a row as a conversation in canonical form that keeps the rules; raise `Reject` where none is.

    A row with several answers to take (`Reading.every`) is a conversation for each.
    """
    require_text_only(row)
    label = read_label(row)
    while row.attempt < row.attempts:
        conversation = convert(row)
        conversation.label = None if conversation.rejected else label
        conversation.repairs |= row.repairs
        if row.reading.unescape:
            unescape(conversation)
        if not normalise_clean(conversation):
            normalise(conversation)
            rules.require_sound(conversation, chosen)
        yield conversation
        row.attempt += 1


def source_row(item: Row | BadRow, roles: Roles, reading: Reading) -> SourceRow:
    """Return a row as converters read it. Raises `Reject` for a row that could not be read."""
    if isinstance(item, BadRow):
        raise Reject(item.code, item.detail)
    return SourceRow(item, names_of_columns(tuple(item), roles), reading)


def read_conversations(
    files: list[ConvertSource],
    limit: int | None,
    allow_special: bool,
    on_reject: Callable[[RejectedRow], object] | None,
    reading: Reading = AS_IT_IS,
) -> Iterator[Conversation]:
    """Yield every row of the sources that can be trained on, in canonical form.

    At most `limit` rows of each source are read. A row that is rejected goes to `on_reject`; without it
    `LfQwen3Error` is raised with the code of the rejection.
    """
    chosen = choose_rules(allow_special)
    read = dict.fromkeys((source.spec for source in files), 0)
    for source in files:
        convert = converters.get(source.converter).convert
        for number, item in _numbered(source):
            if limit is not None and read[source.spec] == limit:
                break
            read[source.spec] += 1
            try:
                conversations = list(convert_row(source_row(item, source.roles, reading), convert, chosen))
            except Reject as reject:
                row = _rejected(source, number, item, reject)
                if on_reject is not None:
                    on_reject(row)
                elif is_fault(row.code):
                    raise _stopped(row) from None
            else:
                yield from conversations


def _numbered(source: ConvertSource) -> Iterator[tuple[int, Row | BadRow]]:
    """Yield the rows that are not blank with their numbers, counted from 1 through the file."""
    items = (item for part in sources.cut(source.file) for item in sources.rows(part))
    return ((number, item) for number, item in enumerate(items, 1) if item is not None)


def _rejected(source: ConvertSource, number: int, item: Row | BadRow, reject: Reject) -> RejectedRow:
    message = REJECTED[reject.code].message
    reason = f"{message}: {reject.detail}" if reject.detail else message
    content = item.raw if isinstance(item, BadRow) else item
    return RejectedRow(source.label, number, reject.code, reason, content)


def _stopped(row: RejectedRow) -> LfQwen3Error:
    hint = f"{REJECTED[row.code].hint}; or collect such rows and continue: on_reject=rejected.append"
    return LfQwen3Error(f"{row.file}:{row.row}: {row.code}: {row.reason}", hint, code=row.code)
