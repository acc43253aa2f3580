"""What `check` says of rows that stand in one split or in several."""

import json

from lf_qwen3.proof.check import check


def record(question="What is it?", answer="It is a stone."):
    return {"instruction": question, "input": "", "output": answer}


def findings(folder, columns=None, formatting="alpaca", ranking=False, **splits):
    for name, rows in splits.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    settings = {"columns": columns, "formatting": formatting, "ranking": ranking} if columns else {}
    entries = {name: {"file_name": f"{name}.jsonl", **settings} for name in splits}
    (folder / "dataset_info.json").write_text(json.dumps(entries), "utf-8")
    return check(folder)


def places(report):
    return [(finding.code, finding.file.rpartition("/")[2], finding.row) for finding in report.findings]


def chat(*texts, roles=("human", "gpt")):
    return {"conversations": [{"from": roles[at % 2], "value": text} for at, text in enumerate(texts)]}


CHAT = {"columns": {"messages": "conversations"}, "formatting": "sharegpt"}
