"""The run that goes the whole way, once for a test run."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.needs import require
from tests.results.gguf import tiny_run

CHECKOUT = Path(sys.prefix) / "llama.cpp"
"""Where `make llama-cpp` puts llama.cpp's converter."""


@pytest.fixture(scope="session")
def llama_cpp():
    """Return a folder with llama.cpp's converter; the server is in the wheel."""
    require("llamafactory", "torch", "xllamacpp")
    if not (CHECKOUT / "convert_hf_to_gguf.py").is_file():
        pytest.skip(f"llama.cpp's converter is not in {CHECKOUT}: make llama-cpp")
    return CHECKOUT


@pytest.fixture(scope="session")
def base(tmp_path_factory, qwen_tokenizer):
    require("llamafactory", "torch", "transformers")
    folder = tmp_path_factory.mktemp("gguf") / "base"
    tiny_run.save_base(folder, qwen_tokenizer)
    return folder


@pytest.fixture
def copy_run(tmp_path):
    """Return what copies a run's GGUF folder, so that a fault harms no other test; large files are linked."""

    def copy(run: Path) -> Path:
        out = tmp_path / "out"
        shutil.copytree(run / "gguf", out, copy_function=os.link)
        for name in ("gguf.json", "likelihood.json", ".gguf.lock"):
            (out / name).unlink()
            shutil.copy2(run / "gguf" / name, out / name)
        return out

    return copy
