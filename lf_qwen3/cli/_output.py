"""The output of the tool: results on stdout, everything else on stderr, never a traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from lf_qwen3.base.errors import LfQwen3Error

_OS_ERRORS = {
    errno.ENOSPC: "the disk is full",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EROFS: "the file system is read-only",
}

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")


def dataset_dir_option(required: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that names the LLaMA-Factory dataset folder."""
    return click.option(
        "--dataset-dir", required=required, type=click.Path(), help="The LLaMA-Factory dataset_dir."
    )


def engine_option(verb: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that says where a command works; `verb` is what it does there."""
    return click.option(
        "--engine",
        type=click.Choice(["local", "ray"]),
        default="local",
        show_default=True,
        help=f"{verb} on this machine, or as tasks of a Ray cluster.",
    )


ray_address_option = click.option(
    "--ray-address", default="", help="The Ray cluster, auto for the running one; without it one starts here."
)


def print_json(value: object) -> None:
    """Print one JSON object to stdout, readable and in UTF-8."""
    import json  # only where it is needed: `--help` is fast

    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def say(text: str) -> None:
    """Say one line to the person on stderr."""
    click.echo(text, err=True)


def run(command: Callable[[], object]) -> int:
    """Run a command and return its exit code; errors are said, not raised."""
    try:
        result = command()
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("interrupted: nothing was changed")
        return 130
    except LfQwen3Error as error:
        _say_error(error.message, error.hint)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        reason = _OS_ERRORS.get(error.errno or 0, error.strerror or str(error))
        _say_error(f"{reason}: {error.filename}" if error.filename else reason)
        return 1
    return result if isinstance(result, int) else 0


def _say_error(message: str, hint: str = "") -> None:
    click.echo(click.style("error: ", fg="red", bold=True) + message, err=True)
    if hint:
        click.echo(click.style("hint: ", fg="cyan", bold=True) + hint, err=True)


def warn(text: str) -> None:
    """Say a warning on stderr."""
    click.echo(click.style("warning: ", fg="yellow", bold=True) + text, err=True)
