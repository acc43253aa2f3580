"""The trainers' own environments below build/trainers/, as `make test-trainers` makes them; golden rows."""

import json
import os
import subprocess
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).parents[3]
PROBES = Path(__file__).parent / "_probes"
GOLDEN = Path(__file__).parent / "_golden"
"""TRAINER.DATA.jsonl: the version, then the rows of a file beside this one as it fed them rightly."""


def find_python(name):
    """Return the Python of a trainer; skip the test that calls this where it has no environment."""
    python = ROOT / "build" / "trainers" / name / "bin" / "python"
    if not python.with_name("python").exists():
        target = "test-axolotl" if name == "axolotl" else "test-trainers"
        pytest.skip(f"{name} has no environment of its own here: make {target}")
    return python


def run(name, probe, *words):
    """Run a probe in a trainer's environment; return what it printed."""
    return run_words([find_python(name), PROBES / f"{probe}.py", *words])


def run_words(words):
    """Run a command without a GPU and without pytest's own variables; return what it printed."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COVERAGE"))}
    cpu = {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    cpu["DO_NOT_TRACK"] = "1"  # Axolotl reports each run; without a network a probe did not end
    done = subprocess.run([*map(str, words)], env=own | cpu, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{words[:2]}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout + done.stderr


def hold_golden_rows(name, data, path):
    """Require that rows which a trainer fed rightly are its golden rows, byte for byte, its version too.

    Where LF_QWEN3_WRITE_ROWS is set they are written instead (`make trainer-rows`).
    """
    says = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    version = subprocess.run(
        [find_python(name), "-c", says, name], capture_output=True, text=True, check=True
    )
    head = {"trainer": name, "version": version.stdout.strip()}
    made = b"".join(orjson.dumps(row) + b"\n" for row in [head, *read_rows(path)])
    golden = GOLDEN / f"{name}.{data}.jsonl"
    if os.environ.get("LF_QWEN3_WRITE_ROWS"):
        golden.write_bytes(made)
    assert golden.read_bytes() == made, "make trainer-rows writes them anew"


def read_rows(path):
    """Return the rows that were written for a trainer: JSONL or parquet."""
    if path.suffix == ".jsonl":
        return read_lines(path)
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path).to_pylist()


def read_lines(path):
    """Return the rows of a JSONL file."""
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
