"""A folder that a board was started in."""

import json
import shutil
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "dataset_info"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder of a board, with two samples in raw/, as the working folder of the test."""
    folder = tmp_path / "board"
    (folder / "raw").mkdir(parents=True)
    for name in ("sample_medical_r1.jsonl", "sample_finetome.parquet"):
        shutil.copy(SAMPLES / name, folder / "raw" / name)
    monkeypatch.chdir(folder)
    for variable in ("LF_QWEN3_WEBUI_PATHS", "LF_QWEN3_WEBUI_SERVERS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    return folder


@pytest.fixture
def outside(here: Path) -> Path:
    """Return a data file that lies outside the board's folder."""
    path = here.parent / "secret.jsonl"
    path.write_text(
        json.dumps({"question": "q", "think": "t", "answer": "secret", "metrics": {}}) + "\n", "utf-8"
    )
    return path
