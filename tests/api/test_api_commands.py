"""What the command line can do to data, proof and results, the API can, under the same names."""

import inspect
import re
from collections.abc import Callable

import click
import pytest

import lf_qwen3 as lq
from lf_qwen3.cli import cli

COMMANDS: dict[str, Callable[..., object]] = {
    "convert": lq.convert,
    "check": lq.check,
    "preview": lq.preview,
    "recipe new": lq.recipe,
    "estimate": lq.estimate,
    "score": lq.score,
    "compare": lq.compare,
    "diagnose": lq.diagnose,
}
NOT_A_KEYWORD = {
    "json": "a result is an object; its as_json() returns what --json prints",
    "recipe new --replace": "RecipeSet.write takes it: nothing is written before",
    "check --no-trainer": "the keyword ask_trainer=False",
    "estimate file": "the keyword `config`, as elsewhere; a model stands first",
}
"""Options of commands that no function takes, and why."""

ONLY_A_KEYWORD = {
    "ask_trainer": "what `check --no-trainer` turns off",
    "config": "what `estimate FILE` is",
    "progress": "the command line always shows its own",
    "seed": "the intervals of the command line are always drawn with the seed 42",
    "workers": "the command line takes as many processes as there are cores",
}
"""Keywords that are no options, and why."""


def command_of(name: str) -> click.Command:
    command: click.Command = cli
    for word in name.split():
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    return command


@pytest.mark.parametrize("name", COMMANDS)
def test_a_function_takes_what_its_command_takes(name):
    options = {_name(option, name) for option in command_of(name).params} - NOT_A_KEYWORD.keys()
    keywords = inspect.signature(COMMANDS[name]).parameters.keys()
    assert options - keywords == set()
    assert keywords - options <= ONLY_A_KEYWORD.keys()


def _name(option: click.Parameter, command: str) -> str:
    """Return the name of an option as it is typed, `set` for --set; that of an exception with its command."""
    typed = next((text for text in option.opts if text.startswith("--")), option.name)
    full = f"{command} {typed}"
    return full if full in NOT_A_KEYWORD else typed.removeprefix("--").replace("-", "_")


def test_the_functions_stand_in_the_order_of_the_readme(root):
    table = re.findall(r"(?m)^\| `lf-qwen3 (\w+(?: new)?)", (root / "README.md").read_text("utf-8"))
    order = [name for name in table if name in COMMANDS]
    assert order == list(COMMANDS)
    functions = [name.split()[0] for name in order]
    assert [name for name in lq.__all__ if name in functions] == functions


@pytest.mark.parametrize("function", [*COMMANDS.values(), lq.read], ids=lambda function: function.__name__)
def test_options_are_given_by_name(function):
    """One argument may stand first, of `check` two: the folder, and the names in it."""
    parameters = list(inspect.signature(function).parameters.values())
    first = 2 if function is lq.check else 1
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters[first:])
