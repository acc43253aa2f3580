"""The rows of the datasets that a YAML names, the prompts they give, and the tiny model by name or config."""

import json
from typing import Any

import pytest

from lf_qwen3.proof.rehearse import data, model

MESSAGES = {"file_name": "rows.jsonl", "formatting": "sharegpt", "columns": {"messages": "conversations"}}
QUESTION, ANSWER = {"from": "human", "value": "问"}, {"from": "gpt", "value": "答"}


@pytest.fixture
def read(tmp_path):
    """Return a function that registers rows and reads them as a rehearsal does."""

    def look(rows, entry=MESSAGES, limit=64):
        (tmp_path / "dataset_info.json").write_text(json.dumps({"mine": entry}))
        (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return data.read_datasets({"dataset": "mine, other", "dataset_dir": str(tmp_path)}, limit)

    return look


def test_only_the_first_rows_are_read_and_only_known_datasets(read):
    (found,) = read([{"conversations": [QUESTION, ANSWER]}] * 10, limit=4)
    assert (found.name, found.rows, len(found.prompts), found.lost) == ("mine", 4, 4, [])


def test_a_row_that_is_left_out_has_its_place(read, tmp_path):
    (found,) = read([{"conversations": [QUESTION, ANSWER]}, {"conversations": [ANSWER]}])
    assert [(row.file, row.row, row.stops) for row in found.lost] == [
        (str(tmp_path / "rows.jsonl"), 2, False)
    ]


def test_a_missing_file_is_the_trainers_to_tell(read):
    (found,) = read([], {**MESSAGES, "file_name": "gone.jsonl"})
    assert (found.rows, found.prompts) == (0, [])
    assert "gone.jsonl" in found.problem


@pytest.mark.parametrize(
    ("entry", "row"),
    [
        ({**MESSAGES, "columns": {"messages": "conversations", "kto_tag": "good"}},
         {"conversations": [QUESTION, ANSWER], "good": True}),
        ({**MESSAGES, "ranking": True,
          "columns": {"messages": "conversations", "chosen": "yes", "rejected": "no"}},
         {"conversations": [QUESTION], "yes": ANSWER, "no": ANSWER}),
        ({"file_name": "rows.jsonl", "columns": {"prompt": "instruction", "response": "output"}},
         {"instruction": "问", "output": "答"}),
        ({"file_name": "rows.jsonl", "columns": {"prompt": "text"}}, {"text": "问"}),
    ],
    ids=["kto", "ranking", "alpaca", "plain text"],
)  # fmt: skip
def test_every_kind_of_data_gives_prompts(read, tmp_path, entry, row):
    found = read([row] * 3, entry)
    assert data.write_prompts(found, tmp_path / "prompts", 2) == 2
    lines = (tmp_path / "prompts" / f"{data.PROMPTS}.jsonl").read_text("utf-8").splitlines()
    turns = json.loads(lines[0])["conversations"]
    assert [turn["from"] for turn in turns] == ["human", "gpt"]
    assert turns[0]["value"] == "问"
    assert data.PROMPTS in json.loads((tmp_path / "prompts" / "dataset_info.json").read_text())


def test_the_whole_file_is_searched_for_a_row_that_cannot_be_parsed(read, tmp_path):
    (found,) = read([{"conversations": [QUESTION, ANSWER]}] * 9, limit=2)
    with (tmp_path / "rows.jsonl").open("a") as file:
        file.write("{\n{}\n")
    row = data.find_unreadable_row(found, tmp_path)
    assert row is not None
    assert (row.row, row.stops) == (10, True)


@pytest.mark.parametrize(
    ("name", "kind", "tied"),
    [
        ("Qwen/Qwen3-0.6B", "qwen3", True),
        ("Qwen/Qwen3-4B-Instruct-2507", "qwen3", True),
        ("Qwen/Qwen3-8B", "qwen3", False),
        ("Qwen/Qwen3-32B", "qwen3", False),
        ("Qwen/Qwen3-30B-A3B-Thinking-2507", "qwen3_moe", False),
        ("Qwen/Qwen3-235B-A22B", "qwen3_moe", False),
    ],
)
def test_a_name_tells_the_architecture(monkeypatch, name, kind, tied):
    monkeypatch.setattr(model, "_config_at_hand", lambda name: None)
    config, origin, notes = model._config(name)
    assert (config["model_type"], config["tie_word_embeddings"]) == (kind, tied)
    assert ("num_experts" in config) == (kind == "qwen3_moe")
    assert (origin, notes) == (f"by the name, {name}", [])


def test_a_name_that_says_nothing_is_noted(monkeypatch):
    monkeypatch.setattr(model, "_config_at_hand", lambda name: None)
    assert "a tiny dense Qwen3" in model._config("a/b")[2][0]


REAL: dict[str, Any] = {
    "architectures": ["Qwen3MoeForCausalLM"],
    "model_type": "qwen3_moe",
    "head_dim": 128,
    "hidden_size": 2048,
    "intermediate_size": 6144,
    "moe_intermediate_size": 768,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "num_hidden_layers": 48,
    "max_window_layers": 48,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "mlp_only_layers": [0, 5, 40],
    "rope_theta": 1000000.0,
    "rope_scaling": {"rope_type": "yarn", "factor": 4.0},
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 151936,
    "eos_token_id": 151645,
}


def test_a_config_is_made_small_and_keeps_its_architecture():
    small = model.shrink_config(REAL)
    sizes = ("hidden_size", "num_hidden_layers", "num_experts", "head_dim", "moe_intermediate_size")
    assert all(small[key] < REAL[key] / 4 for key in sizes)
    assert (small["max_window_layers"], small["mlp_only_layers"]) == (2, [0])
    kept = ("model_type", "rope_theta", "rope_scaling", "tie_word_embeddings", "vocab_size", "eos_token_id")
    assert {key: small[key] for key in kept} == {key: REAL[key] for key in kept}
    assert "torch_dtype" not in small


def test_the_config_of_a_folder_is_used(tmp_path):
    quantised = {**REAL, "quantization_config": {"quant_method": "fp8"}}
    (tmp_path / "config.json").write_text(json.dumps(quantised))
    config, origin, notes = model._config(str(tmp_path))
    assert "quantization_config" not in config
    assert origin == f"the config.json of {tmp_path}, made small"
    assert len(notes) == 1
