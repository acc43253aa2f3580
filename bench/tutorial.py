"""The way published tutorials convert: pandas, iterrows, one JSON array at the end.

python bench/tutorial.py finetome|medical|chat SOURCE OUT
"""

import json
import sys

import pandas as pd

kind, source, out = sys.argv[1:]
records = []
if kind == "finetome":
    for _, row in pd.read_parquet(source).iterrows():
        turns = [{"from": turn["from"], "value": turn["value"]} for turn in row["conversations"]]
        records.append({"conversations": turns})
elif kind == "chat":
    names = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}
    for _, row in pd.read_json(source, lines=True).iterrows():
        turns = [{"from": names[turn["role"]], "value": turn["content"]} for turn in row["messages"]]
        records.append({"conversations": turns})
else:
    for _, row in pd.read_json(source, lines=True).iterrows():
        output = f"<think>\n{row['think']}\n</think>\n\n{row['answer']}"
        records.append({"instruction": row["question"], "input": "", "output": output})
with open(out, "w", encoding="utf-8") as file:
    json.dump(records, file, ensure_ascii=False, indent=2)
