"""Rows that are copied or read by the column must end as those that are decoded and converted."""

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lf_qwen3.data import sources
from lf_qwen3.data.convert import worker as parts
from lf_qwen3.data.convert.fast import jsonl, parquet
from lf_qwen3.data.convert.fast.jsonl import CopiedRow
from lf_qwen3.data.convert.fast.parquet import Dialogue
from lf_qwen3.data.convert.ledger import LedgerLine
from lf_qwen3.data.converters.source_row import ColumnUse, fill_of
from lf_qwen3.data.sources.part import SourceFile

TEXTS = [
    "a",
    "高血压？",
    " b\nc ",
    "    code",
    "",
    " ",
    "\u3000",
    "\u3000高",
    "\xa0",
    "é",
    "<",
    "<think>",
    "a\0b",
]
TEXTS += [
    "<|im_end|>",
    "a\r\nb",
    'say "x"',
    '"',
    "tab\there",
    "back\\slash",
    "\\n",
    "end\\",
    "\x1cx",
    "\x7f",
    "/",
]
TEXTS += ["x\u2028", "Ｆｕｌｌ　ｗｉｄｔｈ", "STRASSE", "e\u0301"]
TEXT = st.sampled_from(TEXTS)
FORMAT = st.sampled_from(["sharegpt", "alpaca"])


def outcome(path, kind, converter, format_name, short, turns="unroll"):
    """Convert one file in this process; return all that comes of it, the spooled bytes included."""
    with TemporaryDirectory() as spool:
        options = parts.WorkerOptions(format_name, turns, 42, False, Path(spool))
        decoders = parts._decoders if short else lambda _: {}
        with mock.patch.object(parts, "_decoders", decoders):
            worker = parts.Worker(options)
            tasks = [parts.PartTask(part, 0, converter) for part in sources.cut(SourceFile(path, kind))]
            results = [worker.convert(task) for task in tasks]
            worker.close()
        lines = [[list(getattr(result.lines, name)) for name in LedgerLine._fields[1:]] for result in results]
        rest = [
            (result.positions, result.read, result.bad, result.repaired, in_any_order(result.uses))
            for result in results
        ]
        return lines, rest, [file.read_bytes() for file in sorted(Path(spool).iterdir())]


def in_any_order(uses):
    """Return the uses of columns, whose order is that of a row or that of the first row."""
    counts = Counter()
    for use, rows in uses.items():
        counts[tuple(tuple(sorted(columns)) for columns in use)] += rows
    return counts


def both_ways(path, kind, converter, format_name, turns="unroll"):
    short, long = (outcome(path, kind, converter, format_name, way, turns) for way in (True, False))
    assert short == long


CELL = TEXT | st.sampled_from(
    [
        *(None, 0, 1, 0.0, -1, 7.5, 12345678, True, False, "0", "True", " no ", "        ", [], {}, [1]),
        *(
            {"quality_f1": 1.0},
            "x" * 98,
            "x" * 101,
            "高" * 99,
            "高" * 101,
            ["x" * 51] * 2,
            ["高" * 49] * 2,
        ),
    ]
)
"""What a column may hold that nobody reads."""
ROW = st.fixed_dictionaries(
    {"question": TEXT, "think": TEXT | st.none() | st.just(3), "answer": TEXT},
    optional={"instruction": CELL, "metrics": CELL, "Question": TEXT, "image": TEXT},
)
FIRST = {"instruction": "d", "question": "q", "think": "t", "answer": "a", "metrics": {"quality_f1": 1.0}}


@given(st.lists(st.tuples(ROW, st.booleans()), max_size=6), FORMAT)
def test_json_lines_of_any_text(rows, format_name):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        lines = [json.dumps(row, ensure_ascii=ascii_only) for row, ascii_only in [(FIRST, False), *rows]]
        path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
        both_ways(path, "jsonl", "medical_r1", format_name)


LINE = json.dumps(
    {**FIRST, "question": "高血压\n？", "think": 'he said\t"hm"', "answer": "é 好"}, ensure_ascii=False
)
PIECES = [
    b'"',
    b"\\",
    b"\\u",
    b"\\u003c",
    b"\\ud800",
    b"\\/",
    b"\\\\",
    b"\\b",
    b"\n",
    b"\x01",
    b"\xff",
    b"\xe9",
    b" ",
    b"\t",
]
PIECES += [
    b"{",
    b"}",
    b",",
    b":",
    b"1",
    b"null",
    b'"question": "twice", ',
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"<",
    b"\0",
    b"",
]


@given(st.integers(0, len(LINE.encode())), st.integers(0, 3), st.sampled_from(PIECES), FORMAT)
@example(1, 0, b'"question": "twice", ', "sharegpt")
def test_json_lines_with_any_damage(at, taken, put, format_name):
    line = LINE.encode()
    damaged = line[:at] + put + line[at + taken :]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_bytes(b"\n".join([json.dumps(FIRST).encode(), damaged, line]))
        both_ways(path, "jsonl", "medical_r1", format_name)


ROLE = st.sampled_from(["human", "gpt", "user", "assistant", "system", "observation", "Human", None])
MESSAGES = st.lists(st.fixed_dictionaries({"from": ROLE, "value": TEXT | st.none()}), max_size=5) | st.lists(
    st.tuples(TEXT, TEXT).map(
        lambda two: [{"from": "human", "value": two[0]}, {"from": "gpt", "value": two[1]}]
    ),
    max_size=3,
).map(lambda turns: [message for turn in turns for message in turn])


@given(
    st.lists(
        st.fixed_dictionaries(
            {"conversations": MESSAGES | st.none(), "score": st.floats(0, 5), "note": TEXT | st.none()}
        ),
        max_size=5,
    ),
    FORMAT,
    st.sampled_from(["unroll", "last", "all"]),
)
def test_parquet_dialogues_of_any_text(rows, format_name, turns):
    message = pa.struct([("from", pa.string()), ("value", pa.string())])
    schema = pa.schema([("conversations", pa.list_(message)), ("score", pa.float64()), ("note", pa.string())])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema), path)
        both_ways(path, "parquet", "finetome", format_name, turns)


def test_an_ordinary_line_is_copied():
    decode = jsonl.decoder(FIRST, ["question", "think", "answer"])
    found = decode(LINE.encode())
    assert isinstance(found, CopiedRow)
    assert (bytes(found.answer).decode(), found.text) == ('"é 好"', "高血压\n？")


@pytest.mark.parametrize(
    "like",
    [{**FIRST, "Think": "x"}, {**FIRST, "images": []}, {"question": "q", "think": "t"}],
    ids=["two of one name", "media", "no answer"],
)
def test_lines_of_other_columns_are_decoded(like):
    decode = jsonl.decoder(like, ["question", "think", "answer"])
    assert decode(json.dumps(like).encode()) == like


def batch(**columns):
    return pa.RecordBatch.from_pydict(columns)


TURNS = [[{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]]
CHAT = [[{"content": "q", "role": "user"}, {"content": "a", "role": "assistant"}]]


@pytest.mark.parametrize("messages", [TURNS, CHAT], ids=["from, value", "content, role"])
def test_an_ordinary_dialogue_is_read_by_the_column(messages):
    rows = batch(conversations=[[], *messages, messages[0][:1]], score=[1.0, 2.0, 3.0])
    decode = parquet.decoder(rows, ["conversations"])
    for start in (0, 1):
        assert (
            decode(rows.slice(start))
            == [
                {"conversations": [], "score": 1.0},
                Dialogue(["q", "a"], ColumnUse(("conversations",), ("score",))),
                {"conversations": messages[0][:1], "score": 3.0},
            ][start:]
        )


@pytest.mark.parametrize(
    "columns",
    [
        {"conversations": TURNS, "system": ["s"]},
        {"conversations": TURNS, "Reasoning": ["r"]},
        {"conversations": TURNS, "Conversations": TURNS},
        {"conversations": ["text"]},
        {"conversations": [[{"from": "human", "value": "q", "weight": 1}]]},
        {"conversations": [[{"from": "human", "value": 1}]]},
        {"text": ["q"]},
    ],
    ids=[
        "a system column",
        "reasoning",
        "two of one name",
        "no list",
        "three keys",
        "numbers",
        "no messages",
    ],
)
def test_other_columns_are_not_read_by_the_column(columns):
    assert parquet.decoder(batch(**columns), ["conversations"]) is None


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


@given(cells, st.sampled_from([None, 1]))
def test_what_a_cell_holds_is_told_from_its_json(cell, indent):
    text = json.dumps(cell, ensure_ascii=False, indent=indent)
    assert jsonl._fill(memoryview(text.encode())) == fill_of(cell)
