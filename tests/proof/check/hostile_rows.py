"""Datasets whose rows have one of each fault that a row can have, and that is found by comparing rows."""

import json
from pathlib import Path

from lf_qwen3.qwen3.thinking import frame

LONG = " ".join(f"stone number {n} rests beside the river" for n in range(40))


def row(question: object, answer: object, **others: object) -> str:
    return json.dumps({"instruction": question, "input": "", "output": answer, "history": [], **others})


def hostile(start: int, count: int) -> str:
    """Return lines of sound rows, one of each fault among them."""
    lines = []
    for number in range(start, start + count):
        lines.append(row(f"What is {number}?", frame(f"Because of {number}.", f"It is the number {number}.")))
        if number % 7 == 0:
            lines += ["", '{"instruction": ', row("", "An answer to an empty question."), row("Why?", None)]
            lines += [
                row("What is 3?", frame("Because of 3.", "It is the number 3.")),
                row(7, "A number asks."),
            ]
            lines.append(row("And that?", "Tree.", history=[["What is it?", "Stone."], ["Who?", "Me."]]))
            lines.append(row(f"Tell me of {number}.", f"{LONG} {number}"))
            lines.append(row("Open?", "<think>\nIt never ends. And so on, and on."))
    return "\n".join(lines) + "\n"


def write_hostile(folder: Path) -> None:
    """Write and register the datasets a_train, a folder of two files, and a_val."""
    (folder / "a_train").mkdir(parents=True)
    for number in range(2):
        (folder / "a_train" / f"{number}.jsonl").write_text(hostile(30 * number, 30), "utf-8")
    (folder / "a_val.jsonl").write_text(hostile(20, 15), "utf-8")
    columns = {"prompt": "instruction", "query": "input", "response": "output", "history": "history"}
    names = ("a_train", "a_val.jsonl")
    entries = {name.removesuffix(".jsonl"): {"file_name": name, "columns": columns} for name in names}
    (folder / "dataset_info.json").write_text(json.dumps(entries), "utf-8")
