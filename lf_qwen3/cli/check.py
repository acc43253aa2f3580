"""lf-qwen3 check: prove datasets and a training YAML before a run."""

from __future__ import annotations

import textwrap
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.checking import Finding, Report

PLACES = 5
_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


@click.command(name="check")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_output.dataset_dir_option()
@_output.json_option
def command(names: tuple[str, ...], dataset_dir: str, as_json: bool) -> int:
    """Check registered datasets before they are trained on.

    NAME is a dataset of dataset_info.json, or the name given to convert, which stands for its splits; without
    one every dataset is checked. Exit code 1 says that there are errors or warnings.

    \b
    lf-qwen3 check my_data --dataset-dir data
    """  # noqa: D301
    from lf_qwen3 import checking

    options = checking.CheckOptions(Path(dataset_dir), names)
    with _output.progress_bar() as progress:
        report = checking.check(options, progress)
    if as_json:
        _output.print_json(report.as_json())
    else:
        _print(report)
    return 0 if report.is_clean else 1


def _print(report: Report) -> None:
    for code, found in report.findings.by_code():
        _print_code(code, found, report.findings.counts[code])
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
    click.echo(
        textwrap.fill(found[0].hint, width, initial_indent=indent, subsequent_indent=" " * len(indent))
    )


def _verdict(report: Report) -> str:
    figures = report.summary()
    records = sum(one["records"] for one in figures["datasets"].values())
    thinking = sum(one["thinking"] for one in figures["datasets"].values())
    share = f", {thinking / records:.0%} thinking" if records else ""
    checked = f"{records:,} records in {len(figures['datasets'])} datasets{share}"
    if report.is_clean:
        return f"{click.style('clean', fg='green', bold=True)}: {checked}"
    return f"{figures['errors']:,} errors, {figures['warnings']:,} warnings: {checked}"
