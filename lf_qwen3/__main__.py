"""Run the command line as ``python -m lf_qwen3``."""

from lf_qwen3.cli import main

if __name__ == "__main__":
    main()
