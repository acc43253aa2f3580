"""Serve a GGUF by the wheel xllamacpp: `python wheel_server.py FILE CONTEXT PORT`, until stdin closes."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any


def main(file: str, context: str, port: str) -> None:
    """Serve until stdin is closed, so that no server outlives its starter."""
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


if __name__ == "__main__":
    main(*sys.argv[1:])
