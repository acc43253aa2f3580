"""`lf-qwen3 --help`: every command with its own first line, none of them imported for it."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from lf_qwen3.cli import GROUPS, cli

NAMES = cli.list_commands(None)


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_listed_with_the_first_line_of_its_help(name):
    listed = "".join(CliRunner().invoke(cli, ["--help"]).output.split())
    command = cli.get_command(None, name)
    assert "".join(f"{name} {command.help.splitlines()[0]}".split()) in listed  # lines break at hyphens too


def test_help_imports_no_command():
    code = (
        "import sys; from lf_qwen3.cli import cli\n"
        "try: cli(['--help'])\n"
        "except SystemExit: print(*(n for n in sys.modules if n.startswith('lf_qwen3.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stderr.split()) <= {
        "lf_qwen3.cli",
        "lf_qwen3.cli._output",
        "lf_qwen3.base",
        "lf_qwen3.base.errors",
    }


def test_every_command_is_listed_below_what_it_is_for():
    listed = CliRunner().invoke(cli, ["--help"]).output
    assert "Others:" not in listed, "name its GROUP in the command's file (lf_qwen3/cli/__init__.py: GROUPS)"
    headings = [f"\n{heading}:\n" for heading in GROUPS.values()]
    assert [heading for heading in headings if heading not in listed] == []
    data = listed.partition(headings[0])[2].partition(headings[1])[0]
    assert "\n  convert " in f"\n{data}"
    assert "\n  check " not in f"\n{data}"


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_called_as_its_file(name):
    assert cli.get_command(None, name).name == name
