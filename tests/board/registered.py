"""Rows that are registered in data/, and what section Records shows of them."""

import json
from pathlib import Path

from lf_qwen3.board.handlers import records
from lf_qwen3.board.handlers.records import RecordsForm

THINKING = "<think>\nTwo ones are two.\n</think>\n\nIt is 2."


def alpaca(question: str, answer: str, **more: object) -> dict[str, object]:
    return {"instruction": question, "input": "", "output": answer, **more}


def register(name: str, *lines: object, file: str = "", **entry: object) -> Path:
    """Write rows (objects, or raw lines) and register them."""
    path = Path("data") / (file or f"{name}.jsonl")
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), "utf-8"
    )
    info = Path("data/dataset_info.json")
    known = json.loads(info.read_text("utf-8")) if info.is_file() else {}
    info.write_text(json.dumps(known | {name: {"file_name": path.name, **entry}}), "utf-8")
    return path


def page(dataset: str, number: float = 1, **form: object) -> records.RecordPageShown:
    return records.show_page(RecordsForm("data", dataset, **form), number)  # type: ignore[arg-type]


def rows(dataset: str, **form: object) -> list[int]:
    return [line["row"] for line in page(dataset, 1, **form)["lines"]]
