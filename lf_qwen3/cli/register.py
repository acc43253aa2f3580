"""lf-qwen3 register: put a data file into dataset_info.json."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.data.registry import Registered

GROUP = "data"


@click.command(name="register")
@click.argument("name")
@click.argument("file", type=click.Path())
@_output.dataset_dir_option()
@click.option("--replace", is_flag=True, help="Overwrite an entry of this name that has other content.")
@click.option("--dry-run", is_flag=True, help="Print the difference and write nothing.")
@_output.json_option
def command(name: str, file: str, dataset_dir: str, replace: bool, dry_run: bool, as_json: bool) -> None:
    """Register a data file in dataset_info.json.

    FILE (JSON, JSONL, parquet or CSV) is in the dataset_dir and has a format that LLaMA-Factory reads;
    formatting, columns and tags are detected from its first records. Convert any other data with
    lf-qwen3 convert.

    \b
    lf-qwen3 register my_data data/my_data.jsonl --dataset-dir data
    """  # noqa: D301
    from lf_qwen3.data import registry

    done = registry.register(name, file, dataset_dir, replace=replace, dry_run=dry_run)
    if as_json:
        _output.print_json(_summary(name, done, dry_run))
        return
    for note in done.change.notes:
        _output.say(f"note: {note}")
    if done.unused:
        _output.say(f"note: LLaMA-Factory does not read these columns: {', '.join(done.unused)}")
    if media := [name for name in ("images", "videos", "audios") if name in done.entry["columns"]]:
        _output.say(f"note: {' and '.join(media)} are for multimodal models: Qwen3 reads text only")
    if dry_run:
        click.echo(done.change.diff(), nl=False)
        return
    what = f"{done.entry['file_name']} ({done.entry['formatting']}, {done.kind})"
    click.echo(f"{_action(done)} {name}: {what} in {Path(dataset_dir) / registry.DATA_CONFIG}")
    _output.say(f"in a training YAML: dataset: {name}, dataset_dir: {dataset_dir}")


def _action(done: Registered) -> str:
    if done.change.added:
        return "registered"
    return "replaced" if done.change.replaced else "unchanged"


def _summary(name: str, done: Registered, dry_run: bool) -> dict[str, object]:
    return {
        "name": name,
        "action": _action(done),
        "dry_run": dry_run,
        "kind": done.kind,
        "entry": done.entry,
        "unused_columns": done.unused,
        "dataset_info": str(done.change.path),
        "notes": done.change.notes,
        "diff": done.change.diff(),
    }
