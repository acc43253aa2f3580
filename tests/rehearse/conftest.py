"""The tiny model, made once for all tests that hand it to the real trainer."""

from pathlib import Path

import pytest

from lf_qwen3.rehearse import model


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an XDG_CACHE_HOME that keeps the tiny models of this test run."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def tiny(cache_home: Path) -> Path:
    """Return the folder of a tiny dense Qwen3 with Qwen's tokenizer."""
    for package in ("llamafactory", "torch", "dashscope"):
        pytest.importorskip(package)
    keep = cache_home / "lf-qwen3"
    keep.mkdir()
    return model.prepare("Qwen/Qwen3-0.6B", None, keep).folder
