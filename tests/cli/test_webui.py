"""What `lf-qwen3 webui` says before the board is there."""

import os
import urllib.request

import pytest
from click.testing import CliRunner

from lf_qwen3.board import start
from lf_qwen3.cli.webui import command


@pytest.mark.parametrize(
    ("words", "port", "address"),
    [
        (["--alone"], None, "http://127.0.0.1:7860"),
        ([], "7999", "http://127.0.0.1:7999"),
        (["--host", "0.0.0.0", "--port", "80"], "7999", "http://127.0.0.1:80"),
        (["--host", "::1"], None, "http://[::1]:7860"),
    ],
)
def test_the_address_is_said_before_anything_is_imported(monkeypatch, words, port, address):
    started = []
    for name in ("serve_tab", "start_board"):
        monkeypatch.setattr(start, name, lambda *given, name=name: started.append((name, *given)))
    for variable in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"):
        monkeypatch.delenv(variable, raising=False)
    if port:
        monkeypatch.setenv("GRADIO_SERVER_PORT", port)
    said = CliRunner().invoke(command, words, standalone_mode=False)
    assert address in said.stdout
    assert [name for name, *_ in started] == ["serve_tab" if words == ["--alone"] else "start_board"]
    assert str(started[0][2]) == address.rpartition(":")[2]


@pytest.mark.parametrize("before", ["", "intranet", "*"])
def test_a_proxy_is_not_asked_for_this_machine(monkeypatch, before):
    monkeypatch.setattr(os, "environ", {"http_proxy": "http://127.0.0.1:9", "NO_PROXY": before})
    start.bypass_proxy("192.0.2.7")
    for host in ("localhost", "127.0.0.1", "::1", "192.0.2.7", *filter(None, [before.strip("*")])):
        assert urllib.request.proxy_bypass(host)
    assert bool(urllib.request.proxy_bypass("example.com")) == (before == "*")
