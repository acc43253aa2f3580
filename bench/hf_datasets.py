"""The way of HF datasets: load_dataset, map, to_json.

python bench/hf_datasets.py finetome|medical|chat SOURCE OUT CACHE
"""

import os
import sys

kind, source, out, cache = sys.argv[1:]
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_CACHE"] = cache

from datasets import load_dataset  # noqa: E402


def finetome(row):
    return {
        "conversations": [{"from": t["from"], "value": t["value"]} for t in row["conversations"]],
        "system": "",
    }


def chat(row):
    names = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}
    turns = [{"from": names[t["role"]], "value": t["content"]} for t in row["messages"]]
    return {"conversations": turns, "system": ""}


def medical(row):
    answer = f"<think>\n{row['think']}\n</think>\n\n{row['answer']}"
    return {"conversations": [{"from": "human", "value": row["question"]}, {"from": "gpt", "value": answer}]}


data = load_dataset("parquet" if kind == "finetome" else "json", data_files=source, split="train")
shape = {"finetome": finetome, "medical": medical, "chat": chat}[kind]
data = data.map(shape, remove_columns=data.column_names)
data.to_json(out, force_ascii=False)
