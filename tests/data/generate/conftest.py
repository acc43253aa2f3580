"""A scripted server for each test, and a client that does not wait long."""

from pathlib import Path

import pytest

from lf_qwen3.data.generate.budget import Budget
from lf_qwen3.data.generate.client import ClientOptions, ModelClient
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.model_server import describe_server
from tests.data.generate.scripted_server import ScriptedServer


@pytest.fixture
def server():
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def send(server, tmp_path):
    """Send questions to the server; return the report and the replies by question."""

    def run(questions, folder: Path = tmp_path, dialect="vllm", key_env="", budget=None, **options):
        options = ClientOptions(budget=budget or Budget(), first_wait=0.01, **options)
        with Journal(folder / "rows.journal.jsonl") as journal:
            client = ModelClient(describe_server(server.url, dialect, key_env), journal, options)
            report = client.send(map(ask, questions))
            replies = {question: journal.read_reply(ask(question).key) for question in questions}
            problems = {question: journal.find_problem(ask(question).key) for question in questions}
        return report, replies, {key: value for key, value in problems.items() if value}

    return run


def ask(question: str) -> ModelRequest:
    return ModelRequest({"model": "m", "messages": [{"role": "user", "content": question}]})
