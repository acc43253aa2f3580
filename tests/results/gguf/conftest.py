"""The run that goes the whole way, once for a test run."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from lf_qwen3.results.gguf import tools
from tests.needs import require
from tests.results.gguf import tiny_run

CHECKOUT = Path(sys.prefix) / "llama.cpp"
"""Where `make llama-cpp` puts llama.cpp's converter."""

COPIER = """
import os, shutil, signal, sys, time
from pathlib import Path
target = Path(sys.argv[sys.argv.index("--outfile") + 1])
{what}
"""


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
            shutil.copy(run / "gguf" / name, out / name)
        return out

    return copy


@pytest.fixture
def fake(tmp_path, llama_cpp):
    """Return what writes a converter in place of llama.cpp's, which does `what` with `target`."""

    def write(what: str) -> Path:
        folder = tmp_path / "fake"
        folder.mkdir(exist_ok=True)
        (folder / tools.CONVERTER).write_text(COPIER.format(what=what))
        return folder

    return write


@pytest.fixture
def quantiser(tmp_path, monkeypatch):
    """Return what puts a quantiser into PATH that runs a script of Python, with `source` and `target`."""

    def put(what: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        head = f"#!{sys.executable}\nimport shutil, sys\nfrom pathlib import Path\n"
        head += "source, target = sys.argv[1:3]\n"
        (folder / tools.QUANTISER).write_text(head + what)
        (folder / tools.QUANTISER).chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    return put
