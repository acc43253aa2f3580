"""Compare the token checks with the tokenizer alone, over the same text, in one process.

    python bench/tokens.py MEDICAL.jsonl TOKENIZER_FOLDER [--rows 3000] [--rounds 5]

Ours renders each record as LLaMA-Factory will feed it, finds the loss mask and the cut, and counts by part;
the rival is one `encode_batch` over the bare texts. Both run in batches of 256, in turn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from itertools import islice
from pathlib import Path

from lf_qwen3.proof.check.token_counter import TokenCounts
from lf_qwen3.qwen3 import tokenizer_files as tokenizers
from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.trainer.records import Record
from lf_qwen3.trainer.render import Template

BATCH = 256


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("source", type=Path)
    arguments.add_argument("tokenizer")
    arguments.add_argument("--rows", type=int, default=3000)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    tokenizer = tokenizers.load(tokenizers.find(options.tokenizer))
    records = list(read(options.source, options.rows))
    template = Template.named("qwen3", enable_thinking=None, mask_history=True)
    ratios, tokens = [], 0
    for _ in range(options.rounds):
        alone, _ = timed(bare, tokenizer, records)
        checked, tokens = timed(check, tokenizer, template, records)
        ratios.append(checked / alone)
    result = {
        "rows": len(records),
        "tokens": tokens,
        "ratio": round(statistics.median(ratios), 2),
        "bar": 1.15,
    }
    print(json.dumps(result))


def read(path, rows):
    with path.open(encoding="utf-8") as file:
        for row in map(json.loads, islice(file, rows)):
            answer = frame(row["think"], row["answer"])
            messages = [
                {"role": "user", "content": row["question"]},
                {"role": "assistant", "content": answer},
            ]
            yield Record(messages)


def timed(work, *arguments):
    started = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - started, result


def bare(tokenizer, records):
    for at in range(0, len(records), BATCH):
        texts = [message["content"] for record in records[at : at + BATCH] for message in record.messages]
        tokenizer.encode_batch(texts, add_special_tokens=False)


def check(tokenizer, template, records):
    counts = TokenCounts(template.cutoff_len)
    for at in range(0, len(records), BATCH):
        for encoded in template.encode_batch(tokenizer, records[at : at + BATCH]):
            counts.add(encoded, is_thinking=True)
    return sum(counts.wholes())


if __name__ == "__main__":
    main()
