"""The command line: one file per command, found by its name and imported only when it is needed.

A command parses, calls one library function and prints. Results go to stdout (`--json` everywhere),
diagnostics and progress to stderr. Exit codes: 0 good, 1 findings, 2 usage, 130 interrupted.
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import click

from lf_qwen3 import __version__
from lf_qwen3.cli import _output

GROUPS = {
    "data": "Data",
    "proof": "Check, before you pay for a GPU",
    "train": "Train",
    "results": "Results",
    "board": "LLaMA Board",
}
"""What a user does, in order: the GROUP that a command's file names, and the heading in `--help`."""

_GROUP = re.compile(r'^GROUP = "(\w+)"$', re.MULTILINE)
_SUMMARY = re.compile(r'^def command\(.*?"""(.+?)$', re.DOTALL | re.MULTILINE)


class LazyGroup(click.Group):
    """A group whose commands are the modules of this package; each holds its click command as `command`."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by group with the first line of their docstrings, read from the source.

        Importing every command for its summary would take longer than all the rest of `--help`.
        """
        folder = Path(__file__).parent
        rows: dict[str, list[tuple[str, str]]] = {group: [] for group in (*GROUPS, "")}
        for name in self.list_commands(ctx):
            source = (folder / f"{name.replace('-', '_')}.py").read_text("utf-8")
            rows[_group(source)].append((name, _summary(source)))
        for group, heading in (GROUPS | {"": "Others"}).items():
            if rows[group]:
                with formatter.section(heading):
                    formatter.write_dl(rows[group])

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the public modules of this package."""
        files = Path(__file__).parent.glob("*.py")
        return sorted(file.stem.replace("_", "-") for file in files if file.stem[0] != "_")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module behind a command name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        command.name = cmd_name
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Answer an unknown command with the nearest one."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            from lf_qwen3.base.nearest import unknown_name  # only where it is needed: `--help` is fast

            raise unknown_name("command", name, self.list_commands(ctx), code="unknown_command")
        return super().resolve_command(ctx, args)


def _group(source: str) -> str:
    """Return the GROUP that a command's file names, "" where it names none of them."""
    match = _GROUP.search(source)
    return match[1] if match and match[1] in GROUPS else ""


def _summary(source: str) -> str:
    """Return the first line of the docstring of the function `command`."""
    match = _SUMMARY.search(source)
    return match[1].removesuffix('"""') if match else ""


_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=LazyGroup, context_settings=_SETTINGS)
@click.version_option(__version__, prog_name="lf-qwen3")
def cli() -> None:
    """Fine-tune Qwen3 with LLaMA-Factory, right the first time.

    \b
    lf-qwen3 convert DATA.jsonl --name my_data --dataset-dir data --val 0.05
    lf-qwen3 recipe new qwen3-4b-lora-sft --dataset my_data --dataset-dir data --out runs/my_data
    llamafactory-cli train runs/my_data/train.yaml
    """  # noqa: D301


def main() -> None:
    """Run the command line; the one place where an error becomes a message and an exit code."""
    sys.exit(_output.run(lambda: cli(standalone_mode=False, prog_name="lf-qwen3")))
