"""The checkpoint table: which template, from an id or from a folder."""

import json

import pytest

from lf_qwen3.qwen3 import checkpoints

KINDS = [
    ("Qwen/Qwen3-4B", "hybrid"),
    ("Qwen/Qwen3-0.6B", "hybrid"),
    ("Qwen/Qwen3-30B-A3B", "hybrid"),
    ("qwen/qwen3-8b", "hybrid"),
    ("Qwen/Qwen3-8B-AWQ", "hybrid"),
    ("Qwen/Qwen3-30B-A3B-GPTQ-Int4", "hybrid"),
    ("unsloth/Qwen3-4B-unsloth-bnb-4bit", "hybrid"),
    ("Qwen/Qwen3-4B-Thinking-2507", "thinking"),
    ("Qwen/Qwen3-235B-A22B-Thinking-2507-FP8", "thinking"),
    ("Qwen/Qwen3-4B-Instruct-2507", "instruct"),
    ("Qwen/Qwen3-1.7B-Base", "base"),
    ("/models/Qwen3-4B", "hybrid"),
    ("/cache/models--Qwen--Qwen3-4B-Instruct-2507/snapshots/0a1b", "instruct"),
    ("/cache/modelscope/Qwen/Qwen3-0___6B", "hybrid"),
    ("Qwen/Qwen3-4B-Instruct", None),
    ("Qwen/Qwen3-VL-4B-Instruct", None),
    ("Qwen/Qwen3.5-4B-Base", None),
    ("Qwen/Qwen2.5-7B", None),
    ("runs/my-medical-model", None),
]


@pytest.mark.parametrize(("model", "kind"), KINDS, ids=[model for model, _ in KINDS])
def test_a_name_tells_the_kind(model, kind):
    found = checkpoints.kind_of(model)
    assert (found and found.name) == kind


def test_a_folder_is_known_by_its_config(tmp_path):
    config = {"_name_or_path": "Qwen/Qwen3-4B-Base", "model_type": "qwen3"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    found = checkpoints.kind_of(str(tmp_path))
    assert found is not None
    assert found.name == "base"
    assert checkpoints.model_type(str(tmp_path)) == "qwen3"


@pytest.mark.parametrize("content", ["", "[]", "{", "{}"], ids=["empty", "a list", "cut short", "no keys"])
def test_a_broken_config_says_nothing(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    assert checkpoints.kind_of(str(tmp_path)) is None
    assert checkpoints.model_type(str(tmp_path)) == ""


@pytest.mark.llamafactory
def test_the_trainer_gives_its_qwen3_models_the_same_templates():
    constants = pytest.importorskip("llamafactory.extras.constants")
    compared = {}
    for name, template in constants.DEFAULT_TEMPLATE.items():
        if name not in constants.SUPPORTED_MODELS:
            continue
        for model in constants.SUPPORTED_MODELS[name].values():
            if kind := checkpoints.kind_of(model):
                compared[model] = (kind.template, template)
    assert {"Qwen/Qwen3-4B", "Qwen/Qwen3-4B-Thinking-2507", "Qwen/Qwen3-4B-Instruct-2507"} <= compared.keys()
    assert {model: pair for model, pair in compared.items() if pair[0] != pair[1]} == {}


QUANTISED = [
    ("Qwen/Qwen3-32B-AWQ", "AWQ", "Qwen/Qwen3-32B"),
    ("Qwen/Qwen3-30B-A3B-GPTQ-Int4", "GPTQ-Int4", "Qwen/Qwen3-30B-A3B"),
    ("unsloth/Qwen3-8B-unsloth-bnb-4bit", "unsloth-bnb-4bit", "unsloth/Qwen3-8B"),
    ("unsloth/Qwen3-4B-Base-bnb-4bit", "bnb-4bit", "unsloth/Qwen3-4B-Base"),
    ("models/someones-awq/", "awq", "models/someones"),
    ("Qwen/Qwen3-8B-FP8", "", "Qwen/Qwen3-8B-FP8"),
    ("Qwen/Qwen3-8B", "", "Qwen/Qwen3-8B"),
]


@pytest.mark.parametrize(("model", "kind", "plain"), QUANTISED, ids=[row[0] for row in QUANTISED])
def test_a_name_tells_how_the_weights_are_quantised(model, kind, plain):
    assert (checkpoints.find_quantisation(model), checkpoints.name_unquantised(model)) == (kind, plain)


@pytest.mark.parametrize(
    ("config", "kind", "tied"),
    [
        ({"quantization_config": {"quant_method": "gptq"}}, "gptq", False),
        ({"quantization_config": {"quant_method": "fp8"}, "tie_word_embeddings": True}, "", True),
        ({"tie_word_embeddings": True}, "", True),
    ],
)
def test_a_config_wins_over_the_folder_s_name(tmp_path, config, kind, tied):
    folder = tmp_path / "Qwen3-8B-AWQ"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    assert checkpoints.find_quantisation(str(folder)) == kind
    assert checkpoints.is_tied(str(folder)) is tied


@pytest.mark.parametrize(
    ("model", "name", "tied"),
    [
        ("Qwen/Qwen3-4B-Base", "Qwen3-4B-Base", True),
        ("Qwen/Qwen3-8B-AWQ", "Qwen3-8B", False),
        ("runs/mine", None, None),
    ],
)
def test_a_name_tells_the_row_of_the_table(model, name, tied):
    found = checkpoints.find_checkpoint(model)
    assert (found and found.name) == name
    assert checkpoints.is_tied(model) is tied
