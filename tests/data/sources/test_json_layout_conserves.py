"""Whatever a JSON file holds: each text of it is in a row, stands beside the rows by name, or is refused."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.sources import BadRow, cut, find_files, rows

NAMES = st.sampled_from(
    [
        "instruction",
        "output",
        "question",
        "answer",
        "messages",
        "data",
        "train",
        "id",
        "key",
        "0",
        "1",
        "note",
    ]
)
TEXTS = st.integers(0, 10**9).map(lambda number: f"text {number}")
SCALARS = st.one_of(TEXTS, st.none(), st.integers(), st.just(""))
TALKS = st.lists(st.fixed_dictionaries({"role": st.just("user"), "content": TEXTS}), min_size=1, max_size=2)
CELLS = st.one_of(SCALARS, st.lists(TEXTS, max_size=2), TALKS)
ROWS = st.dictionaries(NAMES, CELLS, max_size=3)
MEMBERS = st.one_of(
    SCALARS,
    TALKS,
    ROWS,
    st.lists(SCALARS, max_size=3),
    st.lists(ROWS, max_size=3),
    st.lists(TALKS, max_size=3),
    st.lists(
        st.fixed_dictionaries({"row_idx": st.integers(), "row": ROWS}, optional={"note": TEXTS}), max_size=3
    ),
    st.dictionaries(NAMES, ROWS, max_size=3),
    st.dictionaries(NAMES, st.lists(ROWS, max_size=2), max_size=3),
)
FILES = st.one_of(st.dictionaries(NAMES, MEMBERS, min_size=1, max_size=4), st.lists(MEMBERS, max_size=3))


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts_in(inner)


def without(value: Any, beside: tuple[str, ...]) -> Any:
    """Return a JSON object without what stands beside its rows."""
    if not isinstance(value, dict):
        return value
    kept = {name: inner for name, inner in value.items() if name not in beside}
    nested = {name.partition(".")[0] for name in beside if "." in name}
    return {
        name: without(
            inner, tuple(other.partition(".")[2] for other in beside if other.startswith(f"{name}."))
        )
        if name in nested
        else inner
        for name, inner in kept.items()
    }


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(FILES, st.sampled_from([None, 1]))
def test_no_text_is_lost(value, indent):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.json")
        path.write_text(json.dumps(value, indent=indent))
        try:
            [file] = find_files(str(path))
        except UsageError as error:
            if error.code not in ("several_lists", "columns_unequal"):
                raise
            return
        items = [item for part in cut(file) for item in rows(part)]
    kept = json.dumps([item.raw if isinstance(item, BadRow) else item for item in items])
    beside = file.layout.beside if file.layout else ()
    assert not [text for text in texts_in(without(value, beside)) if text not in kept]
