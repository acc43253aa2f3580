"""What the API tests share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root() -> Path:
    """Return the root of the checkout or of the unpacked sdist."""
    return ROOT


@pytest.fixture
def cached_tokenizer(
    qwen_tokenizer_folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Return the hub id of a tokenizer that a local cache holds."""
    cache = tmp_path_factory.mktemp("hub")
    snapshots = cache / "models--Qwen--Qwen3-4B" / "snapshots"
    snapshots.mkdir(parents=True)
    (snapshots / "0").symlink_to(qwen_tokenizer_folder, target_is_directory=True)
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    return "Qwen/Qwen3-4B"
