"""The commands, and the wheel and the sdist that are built once for all tests that need them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.conftest import made_once

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the checkout or of the unpacked sdist."""
    return ROOT


@pytest.fixture(scope="session")
def commands() -> list[tuple[str, ...]]:
    """Return every command as the words to type: ("convert",), ("recipe", "list"), ..."""
    from lf_qwen3.cli import cli

    return sorted(_walk(cli, ()))


def _walk(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _walk(command, (*words, name))
        else:
            yield (*words, name)


def skip_without_registry() -> None:
    """Skip where the package registry does not answer."""
    asked = _pip(
        "download", "--quiet", "--no-deps", "--no-cache-dir", "--dest", "/dev/null/none", "hatchling"
    )
    if "No matching distribution" in asked.stderr:
        pytest.skip(f"the package registry does not answer: {asked.stderr.strip().splitlines()[-1]}")


@pytest.fixture(scope="session")
def built(run_folder: Path) -> Path:
    """Return the folder that holds the sdist and the wheel that was made from it; a run builds them once."""
    folder = run_folder / "dist"
    with made_once(folder) as is_made:
        if not is_made:
            skip_without_registry()
            command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
            subprocess.run(command, check=True, capture_output=True, text=True)
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    """Return the wheel."""
    return next(built.glob("*.whl"))


@pytest.fixture(scope="session")
def sdist(built: Path) -> Path:
    """Return the sdist."""
    return next(built.glob("*.tar.gz"))


def _pip(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False)
