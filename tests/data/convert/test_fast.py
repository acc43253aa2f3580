"""Rows that are read as clean must end as those that are converted the slow way."""

import json
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given
from hypothesis import strategies as st

from lf_qwen3.data import sources
from lf_qwen3.data.convert import worker as parts
from lf_qwen3.data.convert.ledger import LedgerLine
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
TEXTS += [
    "a < b",
    "<br/>x",
    "<THINK>",
    "</answer>a",
    "<s>x</s>",
    "[TOOL_CALLS] [",
    "FUNCTION RESPONSE: 1",
    "a\n\n",
]
TEXTS += [
    "{{name}}",
    "one\\ntwo\\nthree",
    "<image>",
    "\ra",
    "<|",
    "a\r\n",
    "x\u2028",
    "Ｆｕｌｌ　ｗｉｄｔｈ",
    "STRASSE",
    "e\u0301",
]
TEXT = st.sampled_from(TEXTS)
FORMAT = st.sampled_from(["sharegpt", "alpaca"])


def outcome(path, kind, converter, format_name, short, turns="unroll"):
    """Convert one file in this process; return all that comes of it, the spooled bytes included."""
    with TemporaryDirectory() as spool:
        options = parts.WorkerOptions(format_name, turns, 42, False, Path(spool))
        with nullcontext() if short else mock.patch.object(parts.Worker, "_clean_rows", return_value=None):
            worker = parts.Worker(options)
            tasks = [parts.PartTask(part, 0, converter) for part in sources.cut(SourceFile(path, kind))]
            results = [worker.run(task) for task in tasks]
            worker.close()
        lines = [[list(getattr(result.lines, name)) for name in LedgerLine._fields[1:]] for result in results]
        rest = [
            (
                result.positions,
                result.read,
                result.bad,
                result.repaired,
                result.warned,
                in_any_order(result.uses),
            )
            for result in results
        ]
        return lines, rest, [file.read_bytes() for file in sorted(Path(spool).iterdir())]


def in_any_order(uses):
    """Return the uses of columns, each without the order of its columns."""
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


def in_turn(texts, names=("human", "gpt"), keys=("from", "value")):
    return [dict(zip(keys, (names[at % 2], text), strict=True)) for at, text in enumerate(texts)]


PLAIN = st.lists(TEXT, min_size=2, max_size=6).map(in_turn)
MESSAGES = PLAIN | st.lists(st.fixed_dictionaries({"from": ROLE, "value": TEXT | st.none()}), max_size=5)


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


SYSTEM = st.sampled_from(
    ["", " ", "\u3000", "Be kind.\r\n", "<think>", "a\0", "tools: <tools>[]</tools>", "<|im_start|>"]
)
OPENAI = st.builds(
    lambda system, texts, more: [
        *([{"role": "system", "content": system}] * (system is not None)),
        *in_turn(texts, ("user", "assistant"), ("role", "content")),
        *more,
    ],
    st.none() | SYSTEM,
    st.lists(TEXT, max_size=5),
    st.sampled_from(
        [
            [],
            [],
            [],
            [None],
            [{"role": "tool", "content": "t"}],
            [{"role": ["user"], "content": "q"}],
            ["text"],
            [{"role": "user", "content": None}],
            [{"role": "user", "content": "q", "name": "n"}],
            [{}],
        ]
    ),
)
BESIDE = st.fixed_dictionaries(
    {}, optional={"system": SYSTEM, "tools": st.sampled_from([[], "", None, "[]"]), "id": CELL, "image": TEXT}
)


@given(
    st.lists(st.tuples(OPENAI | PLAIN, BESIDE), max_size=4),
    FORMAT,
    st.sampled_from(["unroll", "last", "all"]),
)
def test_json_lines_of_any_messages(rows, format_name, turns):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        first = {"messages": in_turn(["q", "a"])}
        lines = [first, *({"messages": messages} | beside for messages, beside in rows)]
        path.write_text("\n".join(map(json.dumps, lines)))
        both_ways(path, "jsonl", "messages", format_name, turns)
