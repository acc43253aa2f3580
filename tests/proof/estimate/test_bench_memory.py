"""bench/memory.py where there is no GPU: its message, its cases, its table."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lf_qwen3.proof.estimate import estimate_memory

SCRIPT = Path(__file__).parents[3] / "bench" / "memory.py"


@pytest.fixture(scope="module")
def memory():
    spec = importlib.util.spec_from_file_location("bench_memory", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_memory"] = module
    spec.loader.exec_module(module)
    return module


def test_it_says_that_there_is_no_gpu(tmp_path):
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, SCRIPT, "--out", tmp_path]
    ran = subprocess.run(command, capture_output=True, text=True, env=hidden)
    assert ran.returncode == 2
    assert "there is no GPU here" in ran.stderr
    assert not list(tmp_path.iterdir())


def test_every_case_can_be_estimated(memory):
    assert all(estimate_memory(memory.plan_of(at)).total > 0 for at in range(len(memory.CASES)))
    assert [memory.CASES[at][0] for at in memory.chosen("30b")] == ["Qwen3-30B-A3B"] * 2


def test_the_table_names_the_card_and_the_difference(memory):
    row = memory.Row("Qwen3-8B", "lora", 22 << 30, 24 << 30, 20 << 30, 21 << 30, 1 << 30)
    text = memory.table("Some GPU", [row])
    assert text.startswith("# Peak memory on Some GPU\n")
    assert "| Qwen3-8B | lora | 22.00 | 20.00 | +10.0% | 24.00 | 22.00 |" in text


def test_all_cases_are_measured_and_written(memory, monkeypatch, tmp_path, capsys):
    row = memory.Row("Qwen3-8B", "lora", 1 << 30, 1 << 30, 1 << 30, 1 << 30, 0)
    monkeypatch.setattr(memory, "card_name", lambda: "NVIDIA X 80GB")
    monkeypatch.setattr(memory, "apart", lambda at: row if at % 2 else None)
    monkeypatch.setattr(sys, "argv", ["memory.py", "--only", "8B", "--out", str(tmp_path)])
    assert memory.main() == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "memory-NVIDIA-X-80GB.json",
        "memory-NVIDIA-X-80GB.md",
    ]
