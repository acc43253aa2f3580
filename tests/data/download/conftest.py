"""A hub on loopback with the two known datasets and a model, and the command line that speaks to it."""

import io
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from lf_qwen3.cli import _output, cli
from tests.data.download.hub_server import Hub, Server
from tests.needs import require

MEDICAL = "krisfu/delicate_medical_r1_data"
FINETOME = "mlabonne/FineTome-100k"
MIRROR = "AI-ModelScope/FineTome-100k"
MODEL = "Qwen/Qwen3-4B"
SIDE = {
    "README.md": b"---\nlicense: apache-2.0\n---\n",
    ".gitattributes": b"*.parquet filter=lfs diff=lfs merge=lfs -text\n",
    "dataset_infos.json": b'{"default": {"features": {}}}',
    "configuration.json": b'{"task": "text-generation"}',
}


def medical_rows() -> bytes:
    """Return rows as r1_data_example.jsonl holds them."""
    rows = [
        {"instruction": "", "question": f"q {n}", "think": f"t {n}", "answer": f"a {n}", "metrics": ""}
        for n in range(12)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def finetome_rows() -> bytes:
    """Return rows as train-00000-of-00001.parquet holds them."""
    turns = [[{"from": "human", "value": f"h {n}"}, {"from": "gpt", "value": f"g {n}"}] for n in range(12)]
    table = pa.table({"conversations": turns, "source": ["s"] * 12, "score": [1.0] * 12})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


@pytest.fixture(scope="session")
def weights() -> bytes:
    """Return a file larger than what either SDK holds in memory before it writes (10 MiB)."""
    return random.Random(42).randbytes(12 << 20)


@pytest.fixture
def hub(weights: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Run a hub; both SDKs are pointed at it, retry at once, and keep their own files below tmp_path."""
    require("modelscope_hub", "huggingface_hub")
    import huggingface_hub.constants
    import modelscope_hub._download
    import modelscope_hub._legacy_api

    finetome = {**SIDE, "data/train-00000-of-00001.parquet": finetome_rows()}
    repos = {
        ("dataset", MEDICAL): {**SIDE, "r1_data_example.jsonl": medical_rows()},
        ("dataset", MIRROR): finetome,
        ("dataset", FINETOME): finetome,
        ("model", MODEL): {
            **{"config.json": b"{}", "tokenizer.json": b"{ }", "tokenizer_config.json": b"{  }"},
            **{"merges.txt": b"a b\n", "vocab.json": b'{"a": 0}', "model-1.safetensors": weights},
        },
    }
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 1 << 20)
    monkeypatch.setattr(modelscope_hub._download, "DOWNLOAD_RETRY_TIMES", 2)
    monkeypatch.setattr(modelscope_hub._download, "DOWNLOAD_INTEGRITY_RETRY_BACKOFF", 0)
    monkeypatch.setattr(modelscope_hub._legacy_api, "REPO_TREE_PAGE_MAX_ATTEMPTS", 1)
    monkeypatch.setattr("modelscope_hub.config._default_config", None)
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "sdk"))
    monkeypatch.setenv("MODELSCOPE_HOME", str(tmp_path / "sdk"))
    monkeypatch.setenv("MODELSCOPE_DOWNLOAD_INTRA_CLOUD", "0")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "sdk"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    with Server(repos) as hub:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


Type = Callable[..., Result]


@pytest.fixture
def type_() -> Type:
    """Return a function that types a command and returns its output and exit code, as `main` makes them."""

    def typed(*words: str) -> Result:
        @click.command()
        @click.pass_context
        def shell(context: click.Context) -> None:
            line = list(words)
            context.exit(_output.run(lambda: cli(line, standalone_mode=False, prog_name="lf-qwen3")))

        return CliRunner().invoke(shell, [])

    return typed
