"""lf-qwen3 datasets: what is registered."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

import click

from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from rich.table import Table

    from lf_qwen3.data.registry import Listed

GROUP = "data"

_WIDE = 10_000


@click.command(name="datasets")
@click.option(
    "--dataset-dir",
    default="data",
    show_default=True,
    type=click.Path(),
    help="The LLaMA-Factory dataset_dir.",
)
@_output.json_option
def command(dataset_dir: str, as_json: bool) -> None:
    """List the datasets in dataset_info.json.

    Kind says which training stage takes them: sft, ranking (rm, dpo), kto or pretrain (pt).
    """
    from lf_qwen3.data import registry

    datasets = registry.listing(dataset_dir)
    if as_json:
        _output.print_json(
            {"dataset_dir": dataset_dir, "datasets": [dataclasses.asdict(dataset) for dataset in datasets]}
        )
        return
    if datasets:
        _show(_table(datasets))
    for dataset in datasets:
        if dataset.times > 1:
            _output.say(
                f"note: {dataset.name} is registered {dataset.times} times; LLaMA-Factory reads "
                "only the last entry"
            )
    missing = sum(dataset.exists is False for dataset in datasets)
    plural = "" if len(datasets) == 1 else "s"
    lacking = f", {missing} without a file" if missing else ""
    _output.say(f"{len(datasets)} dataset{plural} in {dataset_dir}{lacking}")


def _show(table: Table) -> None:
    """Print the table: folded to the terminal, but piped one line a dataset, whatever its length."""
    from rich.console import Console

    if sys.stdout.isatty():
        Console().print(table)
        return
    console = Console(width=_WIDE, color_system=None)
    with console.capture() as shown:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in shown.get().splitlines()))


def _table(datasets: list[Listed]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("name", "kind", "format"):
        table.add_column(title, overflow="fold")
    for title in ("rows", "size"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("file", overflow="fold")
    for dataset in datasets:
        file = dataset.file if dataset.source == "file_name" else f"{dataset.source}: {dataset.file}"
        size = Text("missing", "red") if dataset.exists is False else Text(_size(dataset.size))
        rows = "" if dataset.rows is None else f"{dataset.rows:,}"
        table.add_row(Text(dataset.name), dataset.kind, Text(dataset.formatting), rows, size, Text(file))
    return table


def _size(count: int | None) -> str:
    if count is None:
        return ""
    size, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
