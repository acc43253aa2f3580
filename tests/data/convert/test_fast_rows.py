"""What the fast path takes for clean, and how it counts the columns of clean rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.data import converters
from lf_qwen3.data.convert.fast import uses
from lf_qwen3.data.convert.fast.rows import CleanRow, CleanRowReader
from lf_qwen3.data.converters.source_row import ColumnUse, fill_of
from tests.data.convert.test_fast import FIRST, in_turn


def read_clean(row, converter="finetome"):
    repairs = set()
    return CleanRowReader(converters.get(converter)).read(row, 0, repairs), repairs


TURNS = in_turn(["q", "a"])


@pytest.mark.parametrize(
    ("row", "converter", "expected"),
    [
        ({"conversations": TURNS, "score": 1.0}, "finetome", CleanRow(("q", "a"))),
        (
            {"messages": in_turn([" a < b", "<b>x</b>\n"], ("user", "assistant"), ("role", "content"))},
            "messages",
            CleanRow(("a < b", "<b>x</b>")),
        ),
        (
            {"conversations": [{"from": "system", "value": "s "}, *TURNS]},
            "finetome",
            CleanRow(("q", "a"), "", "s"),
        ),
        (
            {"conversations": [{"from": "system", "value": "\u3000"}, *TURNS]},
            "finetome",
            CleanRow(("q", "a")),
        ),
        (FIRST, "medical_r1", CleanRow(("q", "a"), "t")),
    ],
    ids=["sharegpt", "openai", "system", "blank system", "columns"],
)
def test_an_ordinary_row_is_clean(row, converter, expected):
    assert read_clean(row, converter) == (expected, set())


def test_line_ends_of_windows_are_mended():
    assert read_clean({"conversations": in_turn(["q", "a\r\nb\r\n"])}) == (CleanRow(("q", "a\nb")), {"crlf"})


@pytest.mark.parametrize(
    ("row", "converter"),
    [
        ({"conversations": TURNS, "system": "s"}, "finetome"),
        ({"conversations": TURNS, "Reasoning": "r"}, "finetome"),
        ({"conversations": TURNS, "Conversations": TURNS}, "finetome"),
        ({"conversations": TURNS, "meta": {"method": "distil"}}, "finetome"),
        ({"conversations": "text"}, "finetome"),
        ({"conversations": [{"from": "human", "value": "q", "weight": 1}]}, "finetome"),
        ({"conversations": [{"from": "human", "value": 1}, TURNS[1]]}, "finetome"),
        ({"conversations": TURNS[:1]}, "finetome"),
        ({"text": "q"}, "finetome"),
        ({"conversations": in_turn(["q", '[TOOL_CALLS] [{"name": "f", "arguments": {}}]'])}, "finetome"),
        ({"conversations": in_turn(["FUNCTION RESPONSE: {}", "a"])}, "finetome"),
        ({**FIRST, "Think": "x"}, "medical_r1"),
        ({**FIRST, "images": []}, "medical_r1"),
        ({"question": "q", "think": "t"}, "medical_r1"),
        ({**FIRST, "think": " "}, "medical_r1"),
    ],
)
def test_rows_that_need_a_closer_look_are_not_clean(row, converter):
    assert read_clean(row, converter)[0] is None


def test_columns_are_counted_as_they_are_filled():
    reader = CleanRowReader(converters.get("finetome"))
    for number, note in enumerate(("", "x", "x" * 200, "")):
        reader.read({"note": note, "conversations": TURNS, "tools": []}, number, set())
    filled = ColumnUse(("conversations",), ("note",))
    expected = [(0, filled._replace(left=()), 2), (1, filled, 1), (2, filled._replace(long=("note",)), 1)]
    assert (reader.take_uses(), reader.take_uses()) == (expected, [])


LONG_TEXTS = [
    text * (400 // len(text.encode()) + more) for text in 'x字\n🙂" \u3000' for more in (-3, 0, 1, 9)
]
SHORT_TEXTS = [
    "",
    " ",
    "\u3000",
    "\xa0a",
    "no",
    " Yes",
    "undesirable",
    "不好",
    "\n",
    '"',
    "{}",
    "\u212aa",
    "x" * 100,
]
cells = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from(SHORT_TEXTS + LONG_TEXTS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.lists(cells, min_size=1, max_size=4))
def test_what_cells_hold_is_told_from_all_of_them(some):
    fills = uses._fills(some)
    assert [*([fills] * len(some) if isinstance(fills, str) else fills)] == list(map(fill_of, some))
