"""A registered dataset of each kind, and Qwen's own tokenizer."""

import json
from pathlib import Path

import pytest

from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.recipes.new import recipe

TOOLS = '[{"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}]'
CALL = '{"name": "weather", "arguments": {"city": "Paris"}}'
KEPT_CALL = f"<think>\nI ask.\n</think><tool_call>\n[{CALL}]\n</tool_call>\n\n"
SAID = {
    "thinking": [("human", "17*24?"), ("gpt", "<think>\n340 + 68\n</think>\n\nIt is 408.")],
    "plain": [("human", "A fruit?"), ("gpt", "Apple.")],
    "own empty block": [("human", "A tree?"), ("gpt", "<think>\n\n</think>\n\nOak.")],
    "two turns": [
        ("human", "Hi"),
        ("gpt", "Hello!"),
        ("human", "Bye"),
        ("gpt", "<think>\nend\n</think>\n\nBye."),
    ],
    "newlines": [
        ("human", "a\n\nb\n"),
        ("gpt", "c\n\nd\n"),
        ("human", "é ü 高血压"),
        ("gpt", "答：\n\n- x\n"),
    ],
    "tool": [("human", "Rain?"), ("function_call", CALL), ("observation", "no"), ("gpt", "No rain.")],
    "kept call": [("human", "Rain?"), ("function_call", KEPT_CALL), ("observation", "no"), ("gpt", "No.")],
    "long": [("human", "Count"), ("gpt", "one two three " * 40)],
}
PAIRS = [
    ("3+3?", "<think>\nthree twice\n</think>\n\n6", "<think>\ne\n</think>\n\n5"),
    ("A fruit?", "Apple.", "Stone."),
    ("4+4?", "<think>\nfour twice\n</think>\n\n8", "<think>\n\n</think>\n\n9"),
]


@pytest.fixture(scope="session")
def tokenizer(qwen_tokenizer):
    return tokenizer_files.load(qwen_tokenizer)


OPENAI = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
ENTRIES: dict[str, dict] = {
    "chats": {
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system", "tools": "tools"},
    },
    "pairs": {
        "ranking": True,
        "columns": {"prompt": "instruction", "chosen": "chosen", "rejected": "rejected"},
    },
    "marks": {
        "formatting": "sharegpt",
        "columns": {"messages": "messages", "kto_tag": "label"},
        "tags": OPENAI,
    },
}


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Register `chats`, `pairs` and `marks` in data/, each with a validation split of the same rows."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    chats = [
        {
            "conversations": [{"from": role, "value": text} for role, text in said],
            "system": "Be terse." if name in ("plain", "tool") else "",
            "tools": TOOLS if name in ("tool", "kept call") else "",
        }
        for name, said in SAID.items()
    ]
    pairs = [dict(zip(("instruction", "chosen", "rejected"), pair, strict=True)) for pair in PAIRS]
    marks = [
        {
            "messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": said}],
            "label": good,
        }
        for asked, said, good in [("Hi", "Hello!", True), ("Hi", "No.", False)]
    ]
    info = {}
    tables: dict[str, list] = {"chats": chats, "pairs": pairs, "marks": marks}
    for name, rows in tables.items():
        for split in ("train", "val"):
            file = f"{name}_{split}.jsonl"
            Path("data", file).write_text("".join(json.dumps(row) + "\n" for row in rows))
            info[f"{name}_{split}"] = {"file_name": file, **ENTRIES[name]}
    Path("data/dataset_info.json").write_text(json.dumps(info))
    return info


STAGES = {"sft": "chats", "dpo": "pairs", "orpo": "pairs", "simpo": "pairs", "kto": "marks"}
NAMES = {
    "lora": "qwen3-4b-lora-{}",
    "qlora": "qwen3-8b-qlora-{}",
    "full": "qwen3-1.7b-full-{}",
    "dora": "qwen3-4b-dora-{}",
    "rslora": "qwen3-4b-rslora-{}",
}


@pytest.fixture
def plan(data, qwen_tokenizer):
    """Return a function that plans a run into runs/x; nothing is written."""

    def make(trainer, method="lora sft", **options):
        kind, stage = method.split()
        options.setdefault("dataset", STAGES[stage])
        name = options.pop("name", NAMES[kind].format(stage))
        return recipe(
            name, dataset_dir="data", out="runs/x", trainer=trainer, tokenizer=qwen_tokenizer, **options
        )

    return make
