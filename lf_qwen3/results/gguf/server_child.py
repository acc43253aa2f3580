"""Serve a GGUF until stdin closes, so that no server outlives its starter, killed or not.

    python server_child.py FILE CONTEXT PORT [llama-server]

Without a program the server in the wheel xllamacpp serves.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
from typing import Any


def serve_by_wheel(file: str, context: str, port: str) -> None:
    """Serve until stdin is closed."""
    library: Any = importlib.import_module("xllamacpp")
    params = library.CommonParams()
    params.model.path = file
    params.n_ctx, params.n_parallel, params.port = int(context), 1, int(port)
    params.hostnames = ["127.0.0.1"]
    params.warmup = False
    if threads := int(os.environ.get("OMP_NUM_THREADS") or 0):
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    server = library.Server(params)
    print("listening at", server.listening_address, flush=True)
    sys.stdin.buffer.read()
    os._exit(0)


def serve_by_program(file: str, context: str, port: str, program: str) -> int:
    """Serve until stdin is closed or the program ends; return its exit code."""
    options = ["-m", file, "-c", context, "--port", port, "-np", "1", "--jinja"]
    child = subprocess.Popen([program, *options], stdin=subprocess.DEVNULL)

    def end_with_stdin() -> None:
        sys.stdin.buffer.read()
        child.kill()

    threading.Thread(target=end_with_stdin, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        serve_by_wheel(*sys.argv[1:])
    else:
        os._exit(serve_by_program(*sys.argv[1:]) % 256)
