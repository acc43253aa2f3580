"""What follows the card's plan, without gradio: the fields of the board; and the GPUs that it plans for."""

import os
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.handlers import card_next, sampling, train_fill
from lf_qwen3.proof import accelerators

KNOWN = {
    "asked": {"aim": "thinking"},
    "gpus": [],
    "settings": {
        "model_name_or_path": "Qwen/Qwen3-0.6B",
        "template": "qwen3",
        "dataset": "mine_train",
        "dataset_dir": "data",
        "learning_rate": 0.0001,
    },
}


def fields(action, is_loaded=False, names=(), **now):
    """Return what the board's elements are to hold, those that wait for others last."""
    before = dict.fromkeys(card_next.elements(), "") | {name.replace("__", "."): now[name] for name in now}
    wanted = card_next.list_values({"known": KNOWN, "action": action}, before, names, is_loaded)
    assert wanted.first.keys() <= set(card_next.FIRST)
    assert not wanted.then.keys() & set(card_next.FIRST)
    return wanted.first | wanted.then, wanted.wrong


def test_the_fields_of_the_board_for_the_training(here):
    values, wrong = fields("start", names=["Qwen3-0.6B-Thinking"])
    assert values["top.model_name"] == "Qwen3-0.6B-Thinking"
    assert values["top.template"] == "qwen3"
    assert values[train_fill.DATASET] == ["mine_train"]
    assert values.keys() <= set(card_next.elements())
    assert {"top.model_name", "top.model_path", "top.template", train_fill.DATASET} <= set(wrong)
    assert fields("")[0]["top.model_name"] == "Custom"
    chosen = {name.replace(".", "__"): value for name, value in values.items()} | {"top__model_name": "Mine"}
    assert fields("start", **chosen)[1] == []
    assert fields("start", **chosen | {"top__template": "default"})[1] == ["top.template"]


def test_the_fields_of_the_board_for_a_chat(here):
    folder = Path("saves/Qwen3-0.6B-Thinking/lora/train_1")
    folder.mkdir(parents=True)
    (folder / "training_args.yaml").write_text("dataset: mine_train\n", "utf-8")
    with pytest.raises(LfQwen3Error, check=lambda error: error.code == "not_trained"):
        fields("chat")
    (folder / "adapter_config.json").write_text("{}", "utf-8")
    values, wrong = fields("chat")
    assert values["top.model_name"] == "Qwen3-0.6B-Thinking"
    assert values["top.checkpoint_path"] == ["train_1"]
    assert "top.checkpoint_path" in wrong
    assert values["infer.temperature"] == sampling.find("thinking").temperature
    with pytest.raises(LfQwen3Error, check=lambda error: error.code == "model_loaded"):
        fields("chat", is_loaded=True)


def test_the_gpus_that_a_training_would_see(tmp_path, monkeypatch):
    lines = "0, H100, 70000, 9.0\\n1, T4, 100, 7.5\\n2, Cut, [N/A], 9.0\\n"
    script = tmp_path / "nvidia-smi"
    script.write_text(f"#!/bin/sh\nprintf '{lines}'\n", "utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    for visible, names in ((None, ["H100", "T4"]), ("1,0", ["T4", "H100"]), ("", []), ("7", [])):
        if visible is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        else:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert [gpu.name for gpu in accelerators.read_gpus()] == names
    script.write_text("#!/bin/sh\nexit 9\n", "utf-8")
    assert accelerators.read_gpus() == []
