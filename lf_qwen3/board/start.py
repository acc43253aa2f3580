"""Start LLaMA Board with the tab in it, or the tab on a page of its own."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import sysconfig

from lf_qwen3.base.errors import UsageError
from lf_qwen3.board import hook
from lf_qwen3.board.board import INSTALL

HOST, PORT = "127.0.0.1", 7860
"""This machine only: the page has no login. The port is gradio's own."""


def url_of(host: str, port: int) -> str:
    """Return the address under which this machine's browser finds the board."""
    name = HOST if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def start_board(host: str, port: int) -> None:
    """Start `llamafactory-cli webui` in this process, with the tab; returns when the board ends.

    The board starts `llamafactory-cli` through PATH, so this environment's scripts go to its front. Without
    LLaMA-Factory the tab has a page of its own. Raises `UsageError` where gradio is missing too.
    """
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    os.environ |= {"GRADIO_SERVER_NAME": host, "GRADIO_SERVER_PORT": str(port)}
    os.environ.pop(hook.SWITCH, None)
    if importlib.util.find_spec("llamafactory") is None:
        serve_tab(host, port)
        return
    hook.install()
    sys.argv = ["llamafactory-cli", "webui"]
    importlib.import_module("llamafactory.cli").main()


def serve_tab(host: str, port: int) -> None:
    """Serve the tab on a page of its own. Raises `UsageError` where gradio is missing."""
    if importlib.util.find_spec("gradio") is None:
        raise UsageError(
            "neither LLaMA-Factory nor gradio is installed", f"run: {INSTALL}", code="extra_missing"
        )
    from lf_qwen3.board import tab

    bypass_proxy(host)
    tab.make_page().queue().launch(server_name=host, server_port=port, show_api=False)


def bypass_proxy(host: str) -> None:
    """Let this process reach this machine past a proxy of the environment (http_proxy, all_proxy).

    gradio requests its own page when it starts, and ends if a proxy does not deliver it; for its board
    LLaMA-Factory does the same (`extras.misc.fix_proxy`).
    """
    before = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if before != "*":
        names = ",".join(filter(None, (before, "localhost", HOST, "::1", host)))
        os.environ |= {"no_proxy": names, "NO_PROXY": names}
