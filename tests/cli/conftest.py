"""The command line as it is typed."""

from collections.abc import Callable

import pytest

from lf_qwen3.cli import _output, cli


@pytest.fixture
def lf(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs the command line and gives exit code, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        code = _output.run(lambda: cli(list(words), standalone_mode=False))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
