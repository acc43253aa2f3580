"""The trainers' own environments below build/trainers/, as `make test-trainers` makes them."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROBES = Path(__file__).parent / "_probes"


def find_python(name):
    """Return the Python of a trainer; skip the test that calls this where it has no environment."""
    python = ROOT / "build" / "trainers" / name / "bin" / "python"
    if not python.with_name("python").exists():
        target = "test-axolotl" if name == "axolotl" else "test-trainers"
        pytest.skip(f"{name} has no environment of its own here: make {target}")
    return python


def run(name, probe, *words):
    """Run a probe in a trainer's environment; return what it printed."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COVERAGE"))}
    command = [find_python(name), PROBES / f"{probe}.py", *words]
    cpu = {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*map(str, command)], env=own | cpu, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{name}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout + done.stderr


def read_lines(path):
    """Return the rows of a JSONL file."""
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
