"""Let a warm trainer (server.py) do what one of COMMANDS or of SCRIPTS is started for.

Python imports a module of this name when it starts; the tests put its folder into PYTHONPATH.
"""

import os
import sys

WORDS = [*(word for word in sys.orig_argv[1:] if word != "-P"), ""]
NAME = os.environ.get("WARM_TRAINER")


def hand_on() -> int:
    """Send all that a process has to the server; return the exit code of its fork."""
    import json
    import socket

    start = {"words": WORDS[:-1], "folder": os.getcwd(), "environment": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(f"\0{NAME}")
        content = json.dumps(start).encode() + b"\0"
        sent = socket.send_fds(server, [content], [0, 1, 2])
        server.sendall(content[sent:])
        return int(server.recv(100) or 1)


COMMANDS = (
    *(["llamafactory.cli", "train"], ["llamafactory.cli", "export"]),
    *(["lf_qwen3", "demo"], ["lf_qwen3", "webui"]),
)
LAUNCHER = "/bin/llamafactory-cli"
SCRIPTS = ("provoke.py", "ask_child.py", "make_model.py", "convert_hf_to_gguf.py")
STANDS_IN = os.path.isdir("llamafactory")  # Python takes a package of the folder that it is started in
is_worker = WORDS[:2] == ["-m", "lf_qwen3.board.worker"]
is_command = WORDS[0] == "-m" and WORDS[1:3] in COMMANDS and not STANDS_IN
is_launch = WORDS[0].endswith(LAUNCHER) and ["llamafactory.cli", WORDS[1]] in COMMANDS
if NAME and (is_command or is_worker or is_launch or WORDS[0].endswith(SCRIPTS)):
    os._exit(hand_on() % 256)
