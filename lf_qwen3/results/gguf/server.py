"""A llama.cpp server for one file: llama-server, or the server in the wheel xllamacpp."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.processes import end_tree, exit_on_termination
from lf_qwen3.results.gguf.tools import LlamaCpp

_REPLY_SECONDS = 3600.0
_START_SECONDS, _GRACE_SECONDS, _POLL_SECONDS = 1800, 5, 0.1
_CHILD = Path(__file__).with_name("server_child.py")
_FORCE = 1e4
"""A bias that has a token drawn; the probabilities that the server states are without it."""


class LlamaServer:
    """Asks a running server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the parsed reply to a POST."""
        return exchange(self.url, path, body)

    def tokenize(self, text: str) -> list[int]:
        """Return the ids of a text, control tokens recognised, none added."""
        body = {"content": text, "add_special": False, "parse_special": True}
        return [int(token) for token in self.ask("/tokenize", body)["tokens"]]

    def next_token(self, ids: list[int], label: int, top: int) -> tuple[float, dict[int, float]]:
        """Return the log-probability of `label` after `ids`, and those of the `top` likeliest tokens.

        A bias has `label` drawn, so that its figure is stated however unlikely it is.
        """
        body = {"prompt": ids, "n_predict": 1, "temperature": 0, "n_probs": top, "cache_prompt": True}
        reply = self.ask("/completion", body | {"logit_bias": [[label, _FORCE]]})
        (drawn,) = reply.get("completion_probabilities") or [None]
        if drawn is None or drawn["id"] != label:
            raise LfQwen3Error(
                f"the server does not return the probability of token {label}",
                "the file may contain nan; if it does not, use another build of llama.cpp",
                code="server_error",
            )
        likeliest = {int(entry["id"]): float(entry["logprob"]) for entry in drawn["top_logprobs"]}
        return float(drawn["logprob"]), likeliest


@contextlib.contextmanager
def run_server(tools: LlamaCpp, file: Path, context: int, log: Path) -> Iterator[LlamaServer]:
    """Yield a server of a file on a free port of this machine; it is ended with the block.

    Raises `LfQwen3Error` where it does not come up.
    """
    port = _free_port()
    program = [str(tools.server)] if tools.server else []
    command = [sys.executable, str(_CHILD), str(file), str(context), str(port), *program]
    with log.open("wb") as sink, exit_on_termination():
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=sink, stderr=sink, start_new_session=True
        )
        try:
            yield _wait(child, f"http://127.0.0.1:{port}", log)
        finally:
            end_tree(child, _GRACE_SECONDS)
            if child.stdin:
                child.stdin.close()


def _wait(child: subprocess.Popen[bytes], url: str, log: Path) -> LlamaServer:
    """Return the server when it has loaded its file."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        with contextlib.suppress(LfQwen3Error):
            exchange(url, "/health")
            return LlamaServer(url)
        time.sleep(_POLL_SECONDS)
    tail = log.read_text("utf-8", "replace").strip().splitlines()[-1:] or ["it printed nothing"]
    raise LfQwen3Error(
        f"the server does not start: {tail[0]}", f"see its whole output: {log}", code="server_unreachable"
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def exchange(url: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Return the parsed reply to a GET, or to a POST of `body`.

    Raises `LfQwen3Error`: "server_error" for an answer that is an error, "server_unreachable" for none.
    """
    request = urllib.request.Request(
        url.rstrip("/") + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_REPLY_SECONDS) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        text = " ".join(error.read(500).decode("utf-8", "replace").split())
        raise LfQwen3Error(
            f"{url} answers {error.code}: {text}",
            "see its output, server.log beside the files",
            code="server_error",
        ) from error
    except (OSError, ValueError) as error:
        raise LfQwen3Error(
            f"no llama.cpp server answers at {url}: {error}",
            "see its output, server.log beside the files",
            code="server_unreachable",
        ) from error
