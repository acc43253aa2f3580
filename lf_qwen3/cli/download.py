"""lf-qwen3 download."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress, Status
from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.data.download import Downloaded, HubName

GROUP = "data"


class _FileLines(NoProgress):
    """Writes a line for each file where nobody watches; on a terminal the SDK's own bars show them."""

    def __init__(self, is_watched: bool) -> None:
        self._is_watched = is_watched

    def start(self, title: str, step: int = 1, of: int = 1) -> None:
        """Write what is fetched."""
        if not self._is_watched:
            _output.say(title)

    def update(self, status: Status) -> None:
        """Write the name of a file."""
        if not self._is_watched:
            _output.say(f"  {status.phase}")

    def warn(self, text: str) -> None:
        """Write a warning."""
        _output.warn(text)


@click.command(short_help="Download a dataset or a model, verified by the hub's checksums.")
@click.argument("dataset", required=False, metavar="[NAME|DATASET_ID]")
@click.option("--model", metavar="MODEL_ID", help="Download a model instead, such as Qwen/Qwen3-4B.")
@click.option("--to", required=True, type=click.Path(), help="Folder in which the folder NAME is made.")
@click.option(
    "--hub",
    type=click.Choice(["modelscope", "huggingface"]),
    help="The hub to download from.  [default: modelscope]",
)
@click.option("--files", multiple=True, metavar="GLOB", help="Only files that match; repeatable.")
@click.option("--tokenizer-only", is_flag=True, help="Of a model only its tokenizer and configuration.")
@click.option("--revision", help="A branch, a tag or a commit; default: the hub's main branch.")
@_output.json_option
def command(
    dataset: str | None,
    model: str | None,
    to: str,
    hub: HubName | None,
    files: tuple[str, ...],
    tokenizer_only: bool,
    revision: str | None,
    as_json: bool,
) -> int:
    """Fetch a dataset or a model from ModelScope or Hugging Face into a folder of its name.

    NAME is medical_r1 or finetome; any other dataset is named by its id on the hub, OWNER/NAME.

    Every file is verified by the size and the checksum of the hub; a damaged file is fetched again. The same
    command resumes an interrupted download.

    \b
    lf-qwen3 download medical_r1 --to raw
    lf-qwen3 download mlabonne/FineTome-100k --hub huggingface --to raw --files '*.parquet'
    lf-qwen3 download --model Qwen/Qwen3-4B --tokenizer-only --to models
    """  # noqa: D301
    if (dataset is None) == (model is None):
        what = "a dataset and a model" if model else "nothing"
        raise UsageError(
            f"{what} is named",
            "name a dataset or a model: lf-qwen3 download medical_r1 --to raw, or --model Qwen/Qwen3-4B",
            code="option_missing",
        )
    is_watched = sys.stderr.isatty()
    if not is_watched:
        os.environ.setdefault("TQDM_DISABLE", "1")
    from lf_qwen3.data.download import Wanted, download

    kind, name = ("model", model) if model else ("dataset", dataset)
    wanted = Wanted(str(name), Path(to), kind, hub, files, tokenizer_only, revision)  # type: ignore[arg-type]
    try:
        done = download(wanted, _FileLines(is_watched))
    except KeyboardInterrupt:
        _output.say("interrupted: the downloaded part is kept; run the same command again to resume")
        return 130
    if as_json:
        _output.print_json(asdict(done))
    else:
        _show(done)
    return 0


def _show(done: Downloaded) -> None:
    from lf_qwen3.data.download.hub import HUBS
    from lf_qwen3.data.download.run import files_of

    count = len(done.fetched) + len(done.kept)
    click.echo(f"{done.folder}: {done.id} from {HUBS[done.hub]}, {files_of(count, done.bytes)}")
    click.echo(f"  {len(done.fetched)} downloaded, {len(done.kept)} there already")
    checked = count - len(done.unchecked)
    click.echo(f"  {checked} verified by the hub's checksums")
    if done.unchecked:
        click.echo(
            f"  {len(done.unchecked)} verified by size only, the hub has no checksum: "
            f"{', '.join(done.unchecked[:3])}"
        )
    click.echo(f"next: {done.next}")
