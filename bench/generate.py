"""Generate the benchmark's inputs: seeded text in the shapes of two public data sets and of a chat export."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 1000
"""Rows per row group, as HF datasets writes parquet by default."""


def finetome(path: Path, rows: int, row_group: int = ROW_GROUP) -> None:
    """Write FineTome-shaped parquet: about 2.6 kB of English-like text a row, 18 % with several turns."""
    rng = random.Random(7)
    words = _words(rng)
    turn = pa.struct([("from", pa.string()), ("value", pa.string())])
    schema = pa.schema([("conversations", pa.list_(turn)), ("source", pa.string()), ("score", pa.float64())])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, row_group):
            count = min(row_group, rows - start)
            batch = {
                "conversations": [_dialogue(rng, words) for _ in range(count)],
                "source": ["infini-instruct-top-500k"] * count,
                "score": [4.5 + rng.random() / 2 for _ in range(count)],
            }
            writer.write_table(pa.table(batch, schema=schema), row_group_size=count)


def medical(path: Path, rows: int) -> None:
    """Write medical-shaped JSONL: about 3.7 kB of Chinese a row, with reasoning."""
    rng = random.Random(11)
    signs = [chr(code) for code in range(0x4E00, 0x4E00 + 1500)]
    with path.open("w", encoding="utf-8") as file:
        for _ in range(rows):
            question = _chinese(rng, signs, 60)
            row = {
                "instruction": question[:40],
                "question": question,
                "think": _chinese(rng, signs, int(rng.lognormvariate(6.3, 0.3))),
                "answer": _chinese(rng, signs, int(rng.lognormvariate(6.2, 0.4))),
                "metrics": {"quality_f1": round(rng.random(), 4)},
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def chat(path: Path, rows: int) -> None:
    """Write JSONL as chat services export it: about 3.3 kB a row, several turns in half of the rows.

    Half of the texts end or begin with white space, a tenth of the rows has the line ends of Windows, a third
    of the answers code or HTML with `<`; a fifth has a system text, and one row in twenty calls a tool.
    """
    rng = random.Random(13)
    words = _words(rng)
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            messages = _exported(rng, words, has_tools=number % 20 == 5)
            row = {"id": f"chat-{number}", "messages": messages, "tools": _TOOLS if number % 20 == 5 else []}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


_TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Tell the weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
_CODE = (
    "\n\n```python\nfor at in range(9):\n    if at < 3 and at <= limit:\n        print(at)\n```\n",
    '\n\n```html\n<div class="box"><a href="/x">there</a><br/></div>\n```\n\n',
    "\n\n```cpp\n#include <vector>\nstd::vector<int> v; v.push_back(1 << 4);\n```\n",
    " holds for all a < b, see <https://example.org/a> ",
)
_EDGES = ("\n", " ", "\n\n", "  \n")


def _exported(rng: random.Random, words: list[str], has_tools: bool) -> list[dict[str, object]]:
    messages: list[dict[str, object]] = []
    if rng.random() < 0.2:
        messages.append({"role": "system", "content": "You are a helpful assistant.\n"})
    line_end = "\r\n" if rng.random() < 0.1 else "\n"
    for turn in range(1 if rng.random() < 0.5 else rng.randint(2, 4)):
        question = _edged(rng, _english(rng, words, int(rng.lognormvariate(5.5, 0.8)) + 20))
        messages.append({"role": "user", "content": question.replace("\n", line_end)})
        if has_tools and turn == 0:
            call = {"name": "weather", "arguments": '{"city": "Bonn"}'}
            calls = [{"id": "call_1", "type": "function", "function": call}]
            messages.append({"role": "assistant", "content": "", "tool_calls": calls})
            messages.append({"role": "tool", "content": '{"sky": "rain"}', "tool_call_id": "call_1"})
        answer = _english(rng, words, int(rng.lognormvariate(6.8, 0.6)) + 20)
        if rng.random() < 0.33:
            answer += rng.choice(_CODE) + _english(rng, words, 100)
        messages.append({"role": "assistant", "content": _edged(rng, answer).replace("\n", line_end)})
    return messages


def _edged(rng: random.Random, text: str) -> str:
    if rng.random() < 0.5:
        return text
    return rng.choice(_EDGES) + text if rng.random() < 0.2 else text + rng.choice(_EDGES)


def _words(rng: random.Random) -> list[str]:
    common = [
        "the",
        "model",
        "data",
        "function",
        "value",
        "returns",
        "list",
        "of",
        "and",
        "to",
        "a",
        "in",
        "is",
    ]
    letters = "abcdefghijklmnopqrstuvwxyz"
    return common + ["".join(rng.choices(letters, k=rng.randint(2, 11))) for _ in range(4000)]


def _dialogue(rng: random.Random, words: list[str]) -> list[dict[str, str]]:
    turns = 1 if rng.random() < 0.82 else rng.randint(2, 4)
    sizes = [(rng.lognormvariate(6, 0.8), rng.lognormvariate(7.1, 0.6)) for _ in range(turns)]
    return [
        {"from": role, "value": _english(rng, words, int(size) + 20)}
        for pair in sizes
        for role, size in zip(("human", "gpt"), pair, strict=True)
    ]


def _english(rng: random.Random, words: list[str], size: int) -> str:
    text = rng.choices(words, k=size // 8 + 1)
    for at in range(12, len(text), 37):
        text[at] += "." if at % 2 else ".\n\n"
    return " ".join(text)


def _chinese(rng: random.Random, signs: list[str], size: int) -> str:
    text = rng.choices(signs, k=size)
    for at in range(15, size, 16):
        text[at] = "，" if at % 5 else "。\n\n"
    return "".join(text)
