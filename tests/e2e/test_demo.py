"""The whole way with the real trainer: samples, tiny model, LoRA on the CPU, predictions, in a few steps."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lf_qwen3.base.progress import NoProgress
from lf_qwen3.demo import run_demo
from lf_qwen3.trainer import process
from tests.needs import require

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow, pytest.mark.usefixtures("warm_trainer")]
require("llamafactory", "dashscope")

DATA = ("demo_mixed_train.jsonl", "demo_mixed_val.jsonl", "demo_mixed_test.jsonl", "dataset_info.json")


def demo(folder, *options):
    """Run the command as a person does, from a folder of their own."""
    done = subprocess.run(
        [sys.executable, "-m", "lf_qwen3", "demo", "--steps", "2", "--json", *options],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def first(tmp_path_factory, warm_trainer):
    folder = tmp_path_factory.mktemp("a folder of my own")
    return folder, *demo(folder)


def test_adapter_picture_and_predictions_are_made(first):
    folder, made, _ = first
    assert (folder / made["adapter"] / "adapter_model.safetensors").stat().st_size > 1000
    assert (folder / made["loss_picture"]).read_bytes().startswith(b"\x89PNG")
    lines = (folder / made["predictions"]).read_text("utf-8").splitlines()
    assert len(lines) == made["data"]["written"]["test"]
    assert json.loads(lines[0]) == made["prediction"]


def test_the_trainer_read_every_record(first):
    _, made, _ = first
    assert made["examples"] == made["data"]["written"]["train"] > 50
    assert made["trained"] is True
    assert 5 < made["last_loss"] < 20  # near the log of the vocabulary, 11.9, with random weights


def test_progress_is_told_on_the_way(first):
    *_, said = first
    for part in ("[1/5]", "[5/5]", "tokenising", "training, step 2/2", "predicting"):
        assert part in said


def test_it_ends_with_the_commands_for_a_gpu(first):
    _, made, _ = first
    words = [line.split()[:2] for line in made["next"]]
    assert words[:2] == [["lf-qwen3", "convert"], ["lf-qwen3", "recipe"]]
    assert words[2:] == [
        ["llamafactory-cli", "train"],
        ["lf-qwen3", "evaluate"],
        ["llamafactory-cli", "chat"],
    ]


def test_a_second_run_keeps_the_training_and_gives_the_same_bytes(first):
    folder, made, _ = first
    adapter = folder / made["adapter"] / "adapter_model.safetensors"
    before = {name: (folder / "demo" / "data" / name).read_bytes() for name in DATA}
    stamp = adapter.stat().st_mtime_ns
    again, said = demo(folder)
    assert again["trained"] is False
    assert "--fresh repeats" in said
    assert adapter.stat().st_mtime_ns == stamp
    assert {name: (folder / "demo" / "data" / name).read_bytes() for name in DATA} == before
    assert {key: again[key] for key in again if key != "trained"} == {
        k: made[k] for k in made if k != "trained"
    }


def test_other_settings_are_trained_anew(first, tmp_path, monkeypatch):
    folder, *_ = first
    shutil.copytree(folder / "demo", tmp_path / "demo")
    monkeypatch.chdir(tmp_path)
    asked = []

    def train(yaml, log, listener, output_dir, env):
        asked.append((yaml.name, output_dir.exists()))
        shutil.copytree(folder / output_dir, output_dir)
        return process.TrainerRun(0, log, 1.0)

    monkeypatch.setattr(process, "train", train)
    assert run_demo(Path("demo"), NoProgress(), steps=1).trained is True
    assert asked == [("train.yaml", False), ("predict_tuned.yaml", False)]
    assert "max_steps: 1" in Path("demo/train.yaml").read_text("utf-8")
    assert run_demo(Path("demo"), NoProgress(), steps=1).trained is False
