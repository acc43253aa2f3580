"""lf-qwen3 convert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lf_qwen3.cli import _output
from lf_qwen3.cli._progress import shown_progress

if TYPE_CHECKING:
    from lf_qwen3.data.convert.report import ConversionReport

GROUP = "data"


class Share(click.ParamType[float]):
    """A share below 1, or a number of rows."""

    name = "share|rows"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; what it must not be is checked by the library."""
        try:
            return float(value)
        except ValueError:
            self.fail(f"'{value}' is not a number: 0.05 is a share, 500 is a row count", param, ctx)


class Size(click.ParamType[int]):
    """Bytes, with or without a unit."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes."""
        text = str(value).upper().removesuffix("B")
        power = "KMGT".find(text[-1:]) + 1 if text else 0
        try:
            size = round(float(text[:-1] if power else text) * 1000**power)
        except (ValueError, OverflowError):
            size = 0
        if size <= 0:
            self.fail(f"'{value}' is not a size: write 500MB or 2GB", param, ctx)
        return int(size)


class Mix(click.ParamType[float]):
    """thinking=SHARE."""

    name = "thinking=share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the share."""
        kind, _, share = str(value).partition("=")
        try:
            if kind == "thinking":
                return float(share)
        except ValueError:
            pass
        self.fail(f"'{value}' is not a mix: write thinking=0.75", param, ctx)


@click.command(short_help="Convert sources into a registered dataset with correct think tags.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--name", required=True, help="Name of the dataset; its files and entries begin with it.")
@_output.dataset_dir_option()
@click.option(
    "--columns",
    multiple=True,
    metavar="ROLE=COLUMN,...",
    help="Name the columns: question=ask,answer=reply. Once for all sources, or once for each.",
)
@click.option(
    "--format",
    type=click.Choice(["sharegpt", "alpaca"]),
    default="sharegpt",
    show_default=True,
    help="Record format to write.",
)
@click.option(
    "--turns",
    type=click.Choice(["unroll", "last", "all"]),
    default="unroll",
    show_default=True,
    help="One record per assistant turn, only the last turn, or all turns in one record.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Read at most this many rows of each SOURCE.")
@click.option(
    "--val", type=Share(), default=0.0, help="Validation split: a share below 1, or a number of rows."
)
@click.option("--test", type=Share(), default=0.0, help="Test split: a share below 1, or a number of rows.")
@click.option("--mix", type=Mix(), help="Share of records with thinking, reached by leaving out rows.")
@click.option(
    "--by",
    type=click.Choice(["rows", "tokens"]),
    default="rows",
    show_default=True,
    help="Measure the mix in records, or in tokens (estimated from bytes).",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=42, show_default=True, help="Seed of mix and splits."
)
@click.option(
    "--on-bad",
    type=click.Choice(["reject", "stop"]),
    default="reject",
    show_default=True,
    help="Leave bad rows out and list them, or stop at the first.",
)
@click.option("--allow-special", is_flag=True, help="Keep Qwen control tokens in texts.")
@click.option("--every", is_flag=True, help="Make a record of each answer if a row has several.")
@click.option(
    "--as-text",
    is_flag=True,
    help="Use the JSON text of numbers, objects and lists where text is required.",
)
@click.option(
    "--unescape", is_flag=True, help="Turn written-out \\n into line breaks in texts that have none."
)
@click.option(
    "--shard-size",
    type=Size(),
    help="Write each split as a folder of files of about this size, such as 500MB.",
)
@_output.engine_option("Convert")
@_output.ray_address_option
@click.option("--replace", is_flag=True, help="Overwrite files of others, and this dataset made from others.")
@_output.json_option
def command(as_json: bool, dataset_dir: str, **options: Any) -> int:
    """Convert sources into a registered LLaMA-Factory dataset with correct think tags.

    A SOURCE is a file, a folder or a glob (JSONL, JSON, parquet, CSV; .gz and .zst for text), on a disk or an
    object store (s3://bucket/raw). CONVERTER:PATH names the converter, which is otherwise detected from the
    columns. A dataset that `lf-qwen3 download medical_r1` fetched can be named medical_r1.

    Writes NAME_train.jsonl (and _val, _test), NAME.rejected.jsonl, NAME.manifest.json and NAME.rows.bin
    (the source row of each record) into the dataset folder and registers them in its
    dataset_info.json. If it fails, nothing is changed.

    \b
    lf-qwen3 convert medical.jsonl FineTome-100k/ --name mixed --dataset-dir data \\
        --mix thinking=0.75 --val 0.05 --test 500
    """  # noqa: D301
    from lf_qwen3.base.storage import path_of
    from lf_qwen3.base.worker_pool import count_workers
    from lf_qwen3.data.convert.convert import convert
    from lf_qwen3.data.convert.options import ConvertOptions

    with shown_progress() as progress:
        report = convert(
            ConvertOptions(dataset_dir=path_of(dataset_dir), workers=count_workers(), **options), progress
        )
    if as_json:
        _output.print_json(report.as_json())
    else:
        _show(report, dataset_dir)
    for warning in report.warnings:
        _output.warn(warning)
    return 0


def _show(report: ConversionReport, dataset_dir: str) -> None:
    from lf_qwen3.base import docs_link
    from lf_qwen3.base.reasons import describe
    from lf_qwen3.base.storage import path_of

    kinds = report.kinds()
    total = sum(report.written.values())
    click.echo(f"{report.name}: {report.read:,} rows read, {total:,} records written ({kinds})")
    for split, written in report.written.items():
        click.echo(f"  {split:<6}{written:>10,}  {report.files[split]}")
    for title, counts in (("rejected", report.rejected), ("repaired", report.repaired)):
        if counts:
            click.echo(f"{title}: {sum(counts.values()):,}")
        for code, count in counts.items():
            click.echo(f"  {count:>10,}  {code}: {describe(code)}")
            if link := docs_link.link_to("rows", code):
                click.echo(f"              docs: {link}")
    if report.rejected:
        click.echo(f"  every rejected row, with its reason: {report.files['rejected']}")
    if report.duplicate_records:
        click.echo(
            f"duplicate records dropped: {report.duplicate_records:,} "
            f"(rows that held nothing else: {report.duplicates:,})"
        )
    if report.conflicts:
        what = "same answer labelled good and bad" if report.good else "same question with another answer"
        click.echo(f"{what}, kept: {report.conflicts:,}")
    if report.left_out:
        click.echo(f"left out by the mix: {report.left_out:,} rows")
    for file, reading in report.read_as.items():
        click.echo(f"{file}: read as {reading}")
    for spec, columns in report.columns.items():
        if columns["left"]:
            left = ", ".join(f"{column} ({rows:,})" for column, rows in columns["left"].items())
            click.echo(f"columns not read, and how many rows have a value there: {left}  [{spec}]")
    for file in report.removed:
        click.echo(f"removed, left by an earlier conversion: {file}")
    if report.unregistered:
        click.echo(f"no longer registered: {', '.join(report.unregistered)}")
    click.echo(f"registered in {path_of(dataset_dir) / 'dataset_info.json'}: {', '.join(report.datasets)}")
    click.echo(f"next: lf-qwen3 check {report.datasets[0]} --dataset-dir {dataset_dir}")
