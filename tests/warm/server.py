"""A trainer that has its modules loaded: forks a process for each `llamafactory-cli train` it is asked for.

    python server.py NAME OWNER

The modules of LLaMA-Factory, transformers, torch and gradio take ten seconds of a core to load, far longer
than most trainings of the tests. The server loads them once; a fork of it does what the command does.
`sitecustomize.py` beside this file sends it the words, the folder, the environment and the streams of whoever
starts a command that it names. It returns at once, and listens from then on at a socket of Linux's abstract
names: who asks waits while it loads. What serves ends after the process OWNER.
"""

import contextlib
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import traceback
from pathlib import Path

MODULES = (
    *("llamafactory.cli", "llamafactory.train.tuner", "peft", "jieba", "nltk", "rouge_chinese"),
    "llamafactory.webui.interface",
    *("transformers.models.qwen3.modeling_qwen3", "transformers.models.qwen3_moe.modeling_qwen3_moe"),
)
MAINS = {
    "llamafactory.cli": ("llamafactory.cli", "main"),
    "lf_qwen3": ("lf_qwen3.__main__", "main"),
    "lf_qwen3.board.worker": ("lf_qwen3.board.worker", "serve"),
}


def main(name: str, owner: int) -> None:
    """Load the trainer and serve in a process of its own, until the owner has ended."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        if os.fork():
            return
        os.setsid()  # Ctrl-C ends the tests, and each fork when its starter is gone
        for module in (*MODULES, *importlib.import_module("lf_qwen3.board.worker").LOADED):
            importlib.import_module(module)
        forget_what_was_mapped()
        trust_own_page()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while Path(f"/proc/{owner}").exists():
            if select.select([server], [], [], 1)[0]:
                connection, _ = server.accept()
                if os.fork() == 0:
                    serve(connection)
                connection.close()


def forget_what_was_mapped() -> None:
    """Let `datasets` name what it keeps by chance: for its names it pickles a whole tokenizer, in seconds."""
    from datasets.fingerprint import Hasher

    Hasher.update = lambda self, value: self.m.update(os.urandom(8))
    Hasher.hash = classmethod(lambda cls, value: os.urandom(8).hex())


def trust_own_page() -> None:
    """Let a board start on a busy machine: gradio ends one whose first page takes more than three seconds."""
    import gradio.networking

    gradio.networking.url_ok = lambda url: True


def serve(connection: socket.socket) -> None:
    """Fork the trainer, send its exit code when it ends, end it when its starter ends; never return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    start, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    while not start.endswith(b"\0"):
        start += connection.recv(1 << 20)
    child = os.fork()
    if child == 0:
        connection.close()
        become_trainer(json.loads(start[:-1]), streams)
    for stream in streams:
        os.close(stream)
    ended = os.pidfd_open(child)
    if connection.fileno() in select.select([ended, connection.fileno()], [], [])[0]:
        os.killpg(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    with contextlib.suppress(BrokenPipeError):  # its starter has ended
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def become_trainer(start: dict, streams: list[int]) -> None:
    """Run `llamafactory-cli` as its starter would have; never return."""
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(start["folder"])
    os.environ.clear()
    os.environ.update(start["environment"])
    tempfile.tempdir = None  # it is that of the new environment
    words = start["words"]
    sys.argv = words if words[0] != "-m" else words[1:]
    sys.stdout.reconfigure(line_buffering=True)
    if cache := os.environ.get("HF_DATASETS_CACHE"):
        import datasets

        datasets.config.HF_DATASETS_CACHE = Path(cache)
    code = 0
    try:
        if words[0] == "-m":
            module, function = MAINS[words[1]]
            getattr(importlib.import_module(module), function)()
        else:
            sys.path.insert(0, str(Path(words[0]).parent))
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
