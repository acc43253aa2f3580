"""The options of every command that asks a model, and how it says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.data.generate.batch import BatchClient
    from lf_qwen3.data.generate.dry_run import DryRun
    from lf_qwen3.data.generate.generation_files import GenerationReport
    from lf_qwen3.data.generate.options import ServerOptions

_SERVER = (
    click.option("--url", required=True, help="The server, such as http://127.0.0.1:8000/v1."),
    click.option("--model", required=True, help="The model, as the server calls it."),
    click.option(
        "--dialect", default="", help="What the server is (vllm, sglang, ollama, ...); detected if left out."
    ),
    click.option(
        "--api-key-env", default="", metavar="NAME", help="The environment variable that holds the API key."
    ),
)
_LIMITS = (
    click.option(
        "--concurrency",
        type=click.IntRange(min=1),
        default=16,
        show_default=True,
        help="Concurrent requests.",
    ),
    click.option(
        "--silence",
        type=click.FloatRange(min=1),
        default=600.0,
        show_default=True,
        help="Seconds without a byte after which a request is given up.",
    ),
    click.option("--max-requests", type=click.IntRange(min=0), help="Stop after this many requests."),
    click.option("--max-tokens", type=click.IntRange(min=1), help="Stop after this many tokens, in and out."),
    click.option("--max-cost", type=float, help="Stop after this cost; needs --price."),
    click.option("--price", metavar="IN,OUT", help="The price of a million tokens in, and out."),
)
_OFFLINE = (
    click.option("--dry-run", is_flag=True, help="Print the requests and their cost; send nothing."),
    click.option("--tokenizer", default="", help="For --dry-run: a folder or hub id; default: --model."),
    click.option(
        "--batch-export", type=click.Path(), help="Write the requests as batch files; send nothing."
    ),
    click.option(
        "--batch-import", multiple=True, type=click.Path(), help="Read the output of those batches."
    ),
)

NAMES = (
    *("url", "model", "dialect", "api_key_env"),
    *("concurrency", "silence", "max_requests", "max_tokens", "max_cost", "price"),
)


class Offline(NamedTuple):
    """What is done without sending anything."""

    dry_run: bool
    tokenizer: str
    batch_export: str | None
    batch_import: tuple[str, ...]

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The output files of batches that are taken."""
        return tuple(map(Path, self.batch_import))


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a server and limit a run."""
    for option in reversed((*_SERVER, *_LIMITS)):
        command = option(command)
    return command


def offline_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options by which nothing is sent."""
    for option in reversed(_OFFLINE):
        command = option(command)
    return command


def take_offline(given: dict[str, Any]) -> Offline:
    """Take the options of `offline_options` out of `given`."""
    return Offline(**{name: given.pop(name) for name in Offline._fields})


def show_offline(
    offline: Offline,
    estimate: Callable[[str], DryRun],
    export: Callable[[Path], BatchClient],
    as_json: bool,
) -> bool:
    """Print what would be sent, or write it, where that is asked for; return whether it was."""
    if offline.dry_run:
        show_dry_run(estimate(offline.tokenizer), as_json)
    elif offline.batch_export:
        show_batch(export(Path(offline.batch_export)), as_json)
    return offline.dry_run or bool(offline.batch_export)


def build_server_options(given: dict[str, Any]) -> ServerOptions:
    """Take the options of a server out of `given`."""
    from lf_qwen3.data.generate.budget import Budget, parse_price
    from lf_qwen3.data.generate.options import ServerOptions

    values = {name: given.pop(name) for name in NAMES}
    price = values.pop("price")
    budget = Budget(
        max_requests=values.pop("max_requests"),
        max_tokens=values.pop("max_tokens"),
        max_cost=values.pop("max_cost"),
        price=parse_price(price) if price else None,
    )
    return ServerOptions(**values, budget=budget)


def finish(report: GenerationReport, as_json: bool) -> int:
    """Print a report; return the exit code: 130 interrupted, 1 where requests have no reply."""
    if as_json:
        _output.print_json(report.as_json())
    else:
        _show(report)
    for warning in report.warnings:
        _output.warn(warning)
    if report.unfinished:
        _output.warn(
            f"{report.unfinished:,} requests were running when the last run ended; they may be billed twice"
        )
    if report.stopped == "interrupted":
        _output.say(
            "interrupted: the replies so far are kept; run the same command again to ask for the rest"
        )
        return 130
    if report.stopped:
        _output.say(f"stopped at {report.stopped}: the same command resumes here")
    return 1 if report.unanswered else 0


def show_dry_run(estimate: DryRun, as_json: bool) -> None:
    """Print what would be sent."""
    import json
    from dataclasses import asdict

    if as_json:
        _output.print_json(asdict(estimate))
        return
    how = "" if estimate.counted else ", estimated from their bytes"
    click.echo(f"{estimate.requests:,} requests, about {estimate.tokens_in:,} tokens in{how}")
    if estimate.later:
        click.echo(f"up to {estimate.later:,} more requests may follow from the replies")
    if estimate.answered:
        click.echo(f"{estimate.answered:,} more have a reply already")
    if estimate.most_out is not None:
        click.echo(f"at most {estimate.most_out:,} tokens out (--max-new-tokens)")
    if estimate.cost_in is not None:
        most = f", at most {estimate.most_cost:.2f} with the replies" if estimate.most_cost else ""
        click.echo(f"cost: {estimate.cost_in:.2f} for the prompts{most}")
    if estimate.first:
        click.echo(f"the first request:\n{json.dumps(estimate.first, ensure_ascii=False, indent=2)}")


def show_batch(batch: BatchClient, as_json: bool) -> None:
    """Print which files hold how many requests."""
    if as_json:
        _output.print_json({"files": [str(file) for file in batch.files], "requests": batch.requests})
        return
    click.echo(f"{batch.requests:,} requests in {', '.join(map(str, batch.files)) or 'no file'}")
    if batch.files:
        click.echo("next: run them as batches, then the same command with --batch-import OUTPUT.jsonl")


def _show(report: GenerationReport) -> None:
    from lf_qwen3.data.generate.generation_files import REFUSED_ROWS, ROWS, describe_refusal

    matched = f"{report.matchable:,} of {report.rows:,} rows can be compared"
    click.echo(f"{report.rows:,} rows: {matched}")
    click.echo(
        f"{report.read:,} replies read: {report.kept:,} kept ({report.thinking:,} thinking, "
        f"{report.plain:,} plain), {report.refused.total():,} refused, {report.unanswered:,} "
        "unanswered"
    )
    for code, count in sorted(report.refused.items()):
        click.echo(f"  {count:>10,}  {code}: {describe_refusal(code)}")
    cost = f", cost {report.cost:.2f}" if report.cost is not None else ""
    click.echo(
        f"{report.sent:,} requests sent{cost}; all replies: {report.tokens_in:,} tokens in, "
        f"{report.tokens_out:,} out"
    )
    click.echo(f"written: {report.folder / ROWS}; refused replies: {report.folder / REFUSED_ROWS}")
    click.echo(f"next: lf-qwen3 convert {report.folder} --name NAME --dataset-dir data")
