"""The way of HF datasets: load_dataset, map, to_json.

python bench/hf_datasets.py finetome|medical SOURCE OUT CACHE
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


def medical(row):
    answer = f"<think>\n{row['think']}\n</think>\n\n{row['answer']}"
    return {"conversations": [{"from": "human", "value": row["question"]}, {"from": "gpt", "value": answer}]}


data = load_dataset("parquet" if kind == "finetome" else "json", data_files=source, split="train")
data = data.map({"finetome": finetome, "medical": medical}[kind], remove_columns=data.column_names)
data.to_json(out, force_ascii=False)
