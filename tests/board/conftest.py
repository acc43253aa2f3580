"""A folder that a board was started in."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from lf_qwen3.board.handlers import tokenizers

SAMPLES = Path(__file__).parents[2] / "dataset_info"


@pytest.fixture(scope="session")
def few_tokens(request: pytest.FixtureRequest) -> str:
    """Return the folder of the small tokenizer, "" where what it is made of is not installed."""
    if not all(find_spec(name) for name in ("transformers", "dashscope")):
        return ""
    return str(request.getfixturevalue("small_tokenizer"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_tokens: str) -> Path:
    """Return the working folder of a board, with two samples in raw/, as the working folder of the test.

    Where no tokenizer is named, the small one counts: all of Qwen's tokens take most of a conversion to load.
    """
    folder = tmp_path / "board"
    (folder / "raw").mkdir(parents=True)
    for name in ("sample_medical_r1.jsonl", "sample_finetome.parquet"):
        shutil.copy(SAMPLES / name, folder / "raw" / name)
    monkeypatch.chdir(folder)
    for variable in ("LF_QWEN3_WEBUI_PATHS", "LF_QWEN3_WEBUI_SERVERS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    if few_tokens:
        monkeypatch.setattr(tokenizers, "USUAL", few_tokens)
    return folder


@pytest.fixture
def outside(here: Path) -> Path:
    """Return a data file that lies outside the board's folder."""
    path = here.parent / "secret.jsonl"
    path.write_text(
        json.dumps({"question": "q", "think": "t", "answer": "secret", "metrics": {}}) + "\n", "utf-8"
    )
    return path
