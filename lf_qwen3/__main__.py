"""The program: `lf-qwen3`, or ``python -m lf_qwen3``."""

import signal


def main() -> None:
    """Load the command line and run it; Ctrl-C while it is being loaded ends it without a traceback."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from lf_qwen3 import cli

    signal.signal(signal.SIGINT, before)
    cli.main()


if __name__ == "__main__":
    main()
