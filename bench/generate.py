"""Generate the benchmark's inputs: seeded text in the exact shapes of the two public data sets."""

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
