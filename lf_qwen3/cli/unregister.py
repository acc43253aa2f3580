"""lf-qwen3 unregister: take datasets out of dataset_info.json."""

from __future__ import annotations

from pathlib import Path

import click

from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.cli import _output

GROUP = "data"


@click.command(name="unregister")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@_output.dataset_dir_option()
@click.option("--dry-run", is_flag=True, help="Print the difference and write nothing.")
@_output.json_option
def command(names: tuple[str, ...], dataset_dir: str, dry_run: bool, as_json: bool) -> None:
    """Remove datasets from dataset_info.json.

    Their data files are kept.

    \b
    lf-qwen3 unregister my_data_train my_data_val --dataset-dir data
    """  # noqa: D301
    from lf_qwen3.data import registry

    listed = {dataset.name: dataset for dataset in registry.listing(dataset_dir, allow_mark=True)}
    for name in names:
        if name not in listed:
            raise unknown_name("dataset", name, listed, code="dataset_not_registered")
    change = registry.edit_registry(dataset_dir, {}, remove=names, dry_run=dry_run)
    config = Path(dataset_dir) / registry.DATA_CONFIG
    kept = [str(Path(dataset_dir) / listed[name].file) for name in change.removed if listed[name].exists]
    if as_json:
        summary = {
            "removed": change.removed,
            "dry_run": dry_run,
            "kept_files": kept,
            "dataset_info": str(change.path),
        }
        _output.print_json({**summary, "notes": change.notes, "diff": change.diff()})
        return
    for note in change.notes:
        _output.say(f"note: {note}")
    if dry_run:
        click.echo(change.diff(), nl=False)
    else:
        click.echo(f"unregistered {', '.join(change.removed)} from {config}")
        for file in kept:
            _output.say(f"the data file stays: {file}")
