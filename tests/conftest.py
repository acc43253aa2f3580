"""What every test runs under: no network, no colours, repeatable examples."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from lf_qwen3.base import assets

os.environ.update(
    COLUMNS="100",
    GRADIO_ANALYTICS_ENABLED="False",
    HF_DATASETS_OFFLINE="1",
    HF_HUB_OFFLINE="1",
    NO_COLOR="1",
    OMP_NUM_THREADS="1",  # two trainings side by side would wait for each other with all their threads
    TRANSFORMERS_OFFLINE="1",
)
for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "FORCE_TORCHRUN", "USE_RAY", "USE_MODELSCOPE_HUB"):
    os.environ.pop(name, None)

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
# A change that a test notices needs no shorter example (bench/mutants.py).
settings.register_profile("mutants", settings.get_profile("ci"), phases=[Phase.explicit, Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "here"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: whoever runs files side by side has them all busy to the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection but to this machine; tests marked `network` are let through."""
    if request.node.get_closest_marker("network"):
        return
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    monkeypatch.setattr(socket.socket, "connect", lambda self, to: connect(self, _local(self, to)))
    monkeypatch.setattr(socket.socket, "connect_ex", lambda self, to: connect_ex(self, _local(self, to)))


def _local(sock: socket.socket, address: Any) -> Any:
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0])
        if host not in ("localhost", "::1") and not host.startswith("127."):
            raise AssertionError(f"a test without the mark `network` connects to {address}")
    return address


@pytest.fixture(scope="session")
def medical_sample() -> Path:
    """Return the file of 120 real rows of krisfu/delicate_medical_r1_data."""
    path = Path(__file__).parents[2] / "shared" / "data" / "medical_r1_sample.jsonl"
    if not path.is_file():
        pytest.skip(f"the sample of real rows is not here: {path}")
    return path


@pytest.fixture(scope="session", params=["own", "real"])
def medical_rows(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """Return rows in the columns of krisfu/delicate_medical_r1_data.

    The project's own are 60 short ones, and 20 as long as real ones; the real ones are not in every clone.
    """
    if request.param == "real":
        return _read_rows(request.getfixturevalue("medical_sample"))
    rows = _read_rows(assets.folder("dataset_info") / "sample_medical_r1.jsonl")
    long = []
    for start in range(0, len(rows), 3):
        thoughts = [row["think"].strip() for row in (rows * 2)[start : start + 6]]
        long.append({**rows[start], "think": "\n" + "\n\n".join(thoughts) + "\n"})
    return [*rows, *long]


def _read_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an XDG_CACHE_HOME that keeps the tiny models of this test run."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def qwen_tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with Qwen's own tokenizer and a config.json that says qwen3."""
    for package in ("transformers", "dashscope"):
        pytest.importorskip(package)
    from lf_qwen3.qwen3 import tokenizer_build

    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer_build.save_tokenizer(tokenizer_build.ranks_file(), folder)
    (folder / "config.json").write_text('{"model_type": "qwen3"}')
    return folder


@pytest.fixture(scope="session")
def tiny(cache_home: Path) -> Path:
    """Return the folder of a tiny dense Qwen3 with Qwen's tokenizer; nobody writes into it."""
    for package in ("llamafactory", "torch", "dashscope"):
        pytest.importorskip(package)
    from lf_qwen3.proof.rehearse import model

    keep = cache_home / "lf-qwen3"
    keep.mkdir(exist_ok=True)
    return model.prepare_model("Qwen/Qwen3-0.6B", None, keep).folder
