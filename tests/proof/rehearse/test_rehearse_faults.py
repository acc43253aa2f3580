"""Each of the trainer's common errors is told by key, dataset and row, with what to do.

The errors are the trainer's own: one process of it runs into all of them.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from lf_qwen3.data import registry
from lf_qwen3.proof.rehearse import cpu, data, faults
from lf_qwen3.proof.rehearse.failure_context import FailureContext
from lf_qwen3.trainer import process

TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "observation_tag": "observation",
    "function_tag": "function_call",
    "system_tag": "system",
}


class Case(NamedTuple):
    """A broken run: settings over a good one, and what is to be told."""

    settings: dict
    message: str
    hint: str
    key: str = ""
    dataset: str = ""
    row: int | None = None


CASES = {
    "missing file": Case(
        {"dataset": "gone"}, "the file of the dataset gone does not exist: data/gone.jsonl",
        "lf-qwen3 register gone FILE --replace", "dataset", "gone",
    ),
    "no valid samples": Case(
        {"dataset": "questions"}, "no record is left to train on: data/questions.jsonl:1 is dropped",
        "lf-qwen3 check questions --dataset-dir data", "dataset", "questions", 1,
    ),
    "null in a row": Case(
        {"dataset": "null"}, "data/null.jsonl:5 stops the trainer: message 2 is null, not text",
        "lf-qwen3 check null", "dataset", "null", 5,
    ),
    "malformed row": Case(
        {"dataset": "malformed"}, "data/malformed.jsonl:31 stops the trainer", "lf-qwen3 check malformed",
        "dataset", "malformed", 31,
    ),
    "empty file": Case({"dataset": "empty"}, "empty: it has no rows", "put rows into", "dataset", "empty"),
    "wrong formatting": Case(
        {"dataset": "formatless"}, "the rows of formatless have no column instruction",
        "lf-qwen3 register formatless data/good.jsonl --replace", "dataset", "formatless",
    ),
    "missing column": Case(
        {"dataset": "columns"}, "the rows of columns have no column system",
        "lf-qwen3 register columns data/good.jsonl --replace", "dataset", "columns",
    ),
    "tags in part": Case(
        {"dataset": "tags"}, "data/good.jsonl:1 stops the trainer: the tags of the entry do not",
        "lf-qwen3 check tags", "dataset", "tags", 1,
    ),
    "early stopping alone": Case(
        {"early_stopping_steps": 3}, "lacks settings", "set eval_strategy", "early_stopping_steps"
    ),
    "a metric that is not measured": Case(
        {"load_best_model_at_end": True, "eval_dataset": "good", "eval_strategy": "steps", "max_steps": 1,
         "metric_for_best_model": "eval_rouge"},
        "metric_for_best_model: eval_rouge is not a metric", "eval_loss", "metric_for_best_model",
    ),
    "wrong lora_target": Case(
        {"lora_target": "qproj"}, "modules that the model does not have: 'qproj'", "lora_target: all",
        "lora_target",
    ),
    "missing package": Case(
        {"finetuning_type": "full", "use_galore": True}, "the package galore_torch is missing",
        "pip install galore_torch", "use_galore",
    ),
}  # fmt: skip


def rows(*answers):
    return [
        {"conversations": [{"from": "human", "value": f"Q {number}"}, *answer]}
        for number, answer in enumerate(answers, 1)
    ]


def write_data(folder: Path) -> None:
    answer = [{"from": "gpt", "value": "A"}]
    null = [{"from": "gpt", "value": None}]
    pair = {"chosen": {"from": "gpt", "value": "A"}, "rejected": {"from": "gpt", "value": "B"}}
    files = {
        "good": rows(*[answer] * 30),
        "questions": rows(*[[]] * 30),
        "null": rows(*[answer] * 4, null, *[answer] * 25),
        "pairs": [{**row, **pair} for row in rows(*[[]] * 30)],
        "malformed": rows(*[answer] * 30),
        "empty": [],
    }
    folder.mkdir()
    for name, records in files.items():
        text = "".join(json.dumps(record) + "\n" for record in records)
        (folder / f"{name}.jsonl").write_text(text + ('{"conversations": [\n' if name == "malformed" else ""))
    info = {name: entry(name) for name in (*files, "gone")}
    info["pairs"] |= {"ranking": True}
    info["pairs"]["columns"] |= {"chosen": "chosen", "rejected": "rejected"}
    info["formatless"] = {"file_name": "good.jsonl", "format": "sharegpt"}
    info["columns"] = entry("good") | {"columns": {"messages": "conversations", "system": "system"}}
    info["tags"] = entry("good") | {"tags": {"user_tag": "human", "assistant_tag": "gpt"}}
    (folder / "dataset_info.json").write_text(json.dumps(info))


def entry(name):
    columns = {"messages": "conversations"}
    return {"file_name": f"{name}.jsonl", "formatting": "sharegpt", "columns": columns, "tags": dict(TAGS)}


def settings_of(case: Case) -> dict:
    good = {
        "model_name_or_path": "tiny",
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "dataset": "good",
        "dataset_dir": "data",
        "template": "qwen3",
        "cutoff_len": 64,
    }
    return good | case.settings


@pytest.fixture(scope="module")
def said(tmp_path_factory, small, warm_trainer):
    """Return the folder of the data, and what the trainer said to each case."""
    work = tmp_path_factory.mktemp("broken")
    write_data(work / "data")
    (work / "tiny").symlink_to(small)
    (work / "cases").mkdir()
    for number, case in enumerate(CASES.values()):
        settings, _ = cpu.switch_off(settings_of(case))
        settings, _ = cpu.shorten(settings, 1, 24, f"out/{number}")
        lines = [f"{key}: {json.dumps(value)}" for key, value in settings.items()]
        (work / "cases" / f"{number:02}.yaml").write_text("\n".join(lines))
    env = process.environment({**cpu.ENVIRONMENT, "HF_DATASETS_CACHE": str(work / "cache")})
    program = [sys.executable, str(Path(__file__).with_name("provoke.py")), "cases"]
    subprocess.run(program, cwd=work, env=env, check=True)
    logs = {name: (work / "cases" / f"{number:02}.log") for number, name in enumerate(CASES)}
    return work, {name: log.read_text("utf-8", errors="replace") for name, log in logs.items()}


@pytest.mark.llamafactory
@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_trainers_error_is_told_as_what_it_means(said, monkeypatch, name):
    work, logs = said
    case, log = CASES[name], logs[name]
    monkeypatch.chdir(work)
    fault = faults.explain_error(process.last_error(log), scene_of(settings_of(case), log))
    assert case.message in fault.message, log[-2000:]
    assert case.hint in fault.hint
    assert (fault.key, fault.dataset, fault.row) == (case.key, case.dataset, case.row)
    assert fault.line == (
        list(settings_of(case)).index(case.key) + 1 if case.key in settings_of(case) else None
    )


def scene_of(settings: dict, log: str) -> FailureContext:
    """Return the scene as a rehearsal makes it; every key stands on a line of its own."""
    lines = {key: number for number, key in enumerate(settings, 1)}
    folder = Path(settings["dataset_dir"])
    known = tuple(registry.read_registry(folder))
    return FailureContext(settings, lines, data.read_datasets(settings, 24), known, log)
