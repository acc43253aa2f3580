"""Serve the Qwen3 tab on a page of its own: python web/app.py [--host 127.0.0.1] [--port 7860]."""

import argparse

from lf_qwen3.board import start


def main() -> None:
    """Read the address and serve the page until Ctrl-C."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--host", default=start.HOST, help="the address to listen on")
    arguments.add_argument("--port", type=int, default=start.PORT, help="the port to listen on")
    options = arguments.parse_args()
    start.serve_tab(options.host, options.port)


if __name__ == "__main__":
    main()
