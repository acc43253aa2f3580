"""Let a warm trainer (server.py) do what `llamafactory.cli train`, or one of SCRIPTS, is started for.

Python imports a module of this name when it starts; the tests put its folder into PYTHONPATH.
"""

import os
import sys

WORDS = [*(word for word in sys.orig_argv[1:] if word != "-P"), ""]
NAME = os.environ.get("WARM_TRAINER")


def hand_on() -> int:
    """Send all that a process has to the server; return the exit code of the trainer."""
    import json
    import socket

    environment = {name: value for name, value in os.environ.items() if name != "WARM_TRAINER"}
    start = {"words": WORDS[:-1], "folder": os.getcwd(), "environment": environment}
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(f"\0{NAME}")
        content = json.dumps(start).encode() + b"\0"
        sent = socket.send_fds(server, [content], [0, 1, 2])
        server.sendall(content[sent:])
        return int(server.recv(100) or 1)


SCRIPTS = ("provoke.py", "ask_child.py", "make_model.py")
STANDS_IN = os.path.isdir("llamafactory")  # Python takes a package of the folder that it is started in
is_training = WORDS[:3] == ["-m", "llamafactory.cli", "train"] and not STANDS_IN
if NAME and (is_training or WORDS[0].endswith(SCRIPTS)):
    os._exit(hand_on() % 256)
