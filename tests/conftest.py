"""What every test runs under: no network, no colours, repeatable examples."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.update(
    COLUMNS="100",
    GRADIO_ANALYTICS_ENABLED="False",
    HF_DATASETS_OFFLINE="1",
    HF_HUB_OFFLINE="1",
    NO_COLOR="1",
    TRANSFORMERS_OFFLINE="1",
)
for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "FORCE_TORCHRUN", "USE_RAY", "USE_MODELSCOPE_HUB"):
    os.environ.pop(name, None)

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection but to this machine; tests marked `network` are let through."""
    if request.node.get_closest_marker("network"):
        return
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    monkeypatch.setattr(socket.socket, "connect", lambda self, to: connect(self, _local(self, to)))
    monkeypatch.setattr(socket.socket, "connect_ex", lambda self, to: connect_ex(self, _local(self, to)))


def _local(sock: socket.socket, address: object) -> object:
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
