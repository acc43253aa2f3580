"""A scripted server for each test, and a client that does not wait long."""

from pathlib import Path

import pytest

from lf_qwen3.cli import _output, cli
from lf_qwen3.data.generate import gate
from lf_qwen3.data.generate.budget import Budget
from lf_qwen3.data.generate.client import ClientOptions, ModelClient
from lf_qwen3.data.generate.distil import distil
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.model_server import describe_server
from lf_qwen3.data.generate.options import DistilOptions, ServerOptions
from tests.data.generate.distilled import ROWS, obey, write
from tests.data.generate.scripted_server import ScriptedServer


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(gate, "LONGEST_WAIT", 0.02)
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def send(server, tmp_path):
    """Send questions to the server; return the report and the replies by question."""

    def run(questions, folder: Path = tmp_path, dialect="vllm", key_env="", budget=None, **options):
        settings = ClientOptions(budget=budget or Budget(), first_wait=0.01, **options)
        with Journal(folder / "rows.journal.jsonl") as journal:
            client = ModelClient(describe_server(server.url, dialect, key_env), journal, settings)
            report = client.send(map(ask, questions))
            replies = {question: journal.read_reply(ask(question).key) for question in questions}
            problems = {question: journal.find_problem(ask(question).key) for question in questions}
        return report, replies, {key: value for key, value in problems.items() if value}

    return run


@pytest.fixture
def lf(capsys):
    """Type a command; return its exit code, stdout and stderr."""

    def run(*arguments: str):
        code = _output.run(lambda: cli(list(arguments), standalone_mode=False))
        return code, *capsys.readouterr()

    return run


def ask(question: str) -> ModelRequest:
    return ModelRequest({"model": "m", "messages": [{"role": "user", "content": question}]})


def questions(count: int) -> list[str]:
    return [f"question {number}" for number in range(count)]


@pytest.fixture
def run(server, tmp_path):
    server.script = obey

    def distilled(rows=ROWS, to="out", **options):
        told = {name: options.pop(name) for name in ("dialect", "budget", "concurrency") if name in options}
        more = {name: options.pop(name) for name in ("batch_import", "again") if name in options}
        source = write(tmp_path / "source.jsonl", rows)
        chosen = DistilOptions(sources=(source,), to=tmp_path / to, **options)
        return distil(chosen, ServerOptions(server.url, "m", **told), **more)

    return distilled
