"""lf-qwen3 check: prove datasets and a training YAML before a run."""

from __future__ import annotations

import textwrap
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.proof.check import Finding, Report

PLACES = 5
_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


@click.command(name="check")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_output.dataset_dir_option(required=False)
@click.option("--config", type=click.Path(), help="A training YAML to hold against the data.")
@click.option(
    "--tokenizer", default="", help="A folder with a tokenizer.json, or a hub id: counts tokens too."
)
@click.option("--cutoff-len", type=click.IntRange(min=1), help="Tokens a record, in place of the YAML's.")
@_output.json_option
def command(
    names: tuple[str, ...],
    dataset_dir: str | None,
    config: str | None,
    tokenizer: str,
    cutoff_len: int | None,
    as_json: bool,
) -> int:
    """Check registered datasets, and a training YAML over them.

    NAME is a dataset of dataset_info.json, or the name given to convert, which stands for its splits.
    Without one all that the YAML names are checked, or all that are registered. Exit code 1 says that
    there are errors or warnings.

    \b
    lf-qwen3 check my_data --dataset-dir data
    lf-qwen3 check --config runs/my_data/train.yaml --tokenizer Qwen/Qwen3-4B
    """  # noqa: D301
    from lf_qwen3.proof import check

    folder = Path(dataset_dir) if dataset_dir else None
    yaml = Path(config) if config else None
    options = check.CheckOptions(folder, names, yaml, tokenizer, cutoff_len)
    with _output.progress_bar() as progress:
        report = check.check(options, progress)
    if as_json:
        _output.print_json(report.as_json())
    else:
        _print(report)
    return 0 if report.is_clean else 1


def _print(report: Report) -> None:
    from lf_qwen3.proof.check import token_text

    for code, found in report.findings.by_code():
        _print_code(code, found, report.findings.counts[code])
    for name, figures in report.tokens.items():
        click.echo("\n".join(token_text.token_lines(name, figures)))
    if "lora" in report.training:
        click.echo(f"lora: {report.training['lora']}")
    for note in report.notes:
        _output.say(f"note: {note}")
    click.echo(_verdict(report))


def _print_code(code: str, found: list[Finding], times: int) -> None:
    coloured = click.style(code, fg=_COLOURS[found[0].severity], bold=True)
    for one in found[:PLACES]:
        place = one.file if one.row is None else f"{one.file}:{one.row}"
        click.echo(f"{place}: {coloured} {one.message}")
    if times > PLACES:
        click.echo(f"  and {times - PLACES:,} more {coloured}")
    indent = "  hint: "
    width = min(get_terminal_size().columns, 120)
    wrapped = textwrap.fill(
        found[0].hint,
        width,
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_on_hyphens=False,
        break_long_words=False,
    )
    click.echo(wrapped)


def _verdict(report: Report) -> str:
    figures = report.summary()
    records = sum(one["records"] for one in figures["datasets"].values())
    thinking = sum(one["thinking"] for one in figures["datasets"].values())
    share = f", {thinking / records:.0%} thinking" if records else ""
    checked = f"{_many(records, 'record')} in {_many(len(figures['datasets']), 'dataset')}{share}"
    if report.is_clean:
        return f"{click.style('clean', fg='green', bold=True)}: {checked}"
    return f"{_many(figures['errors'], 'error')}, {_many(figures['warnings'], 'warning')}: {checked}"


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" + "s" * (number != 1)
