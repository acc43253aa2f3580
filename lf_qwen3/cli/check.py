"""lf-qwen3 check: prove datasets and a training YAML before a run."""

from __future__ import annotations

import textwrap
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from lf_qwen3.base import docs_link
from lf_qwen3.cli import _output
from lf_qwen3.cli._progress import shown_progress

if TYPE_CHECKING:
    from lf_qwen3.proof.check import CheckReport, Finding

GROUP = "proof"

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


@click.command(name="check")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_output.dataset_dir_option(required=False)
@click.option("--config", type=click.Path(), help="A training YAML to check with the data.")
@click.option(
    "--tokenizer", default="", help="A folder with a tokenizer.json, or a hub id: counts tokens too."
)
@click.option(
    "--cutoff-len", type=click.IntRange(min=1), help="Tokens per record, instead of the YAML's cutoff_len."
)
@click.option(
    "--no-trainer", is_flag=True, help="Do not run the installed trainer's parsers on the YAML (faster)."
)
@_output.engine_option("Check")
@_output.ray_address_option
@_output.json_option
def command(
    names: tuple[str, ...],
    dataset_dir: str | None,
    config: str | None,
    tokenizer: str,
    cutoff_len: int | None,
    no_trainer: bool,
    engine: Any,
    ray_address: str,
    as_json: bool,
) -> int:
    """Check registered datasets, and a training YAML that uses them.

    NAME is a dataset of dataset_info.json, or the name given to convert, for all its splits. Without NAME,
    all datasets of the YAML are checked, or all registered ones. The parsers of the installed LLaMA-Factory
    also read the unchanged YAML; what this machine lacks is simulated, and named. Exit code 1 says that there
    are errors or warnings.

    \b
    lf-qwen3 check my_data --dataset-dir data
    lf-qwen3 check --config runs/my_data/train.yaml --tokenizer Qwen/Qwen3-4B
    """  # noqa: D301
    from lf_qwen3.base.worker_pool import count_workers
    from lf_qwen3.proof.check import check

    with shown_progress() as progress:
        report = check(
            dataset_dir or None,
            names,
            config=config,
            tokenizer=tokenizer,
            cutoff_len=cutoff_len,
            ask_trainer=not no_trainer,
            workers=count_workers(),
            engine=engine,
            ray_address=ray_address,
            progress=progress,
        )
    if as_json:
        _output.print_json(report.as_json())
    else:
        _print(report)
    return 0 if report.is_clean else 1


def _print(report: CheckReport) -> None:
    from lf_qwen3.proof.check.token_text import token_lines

    for code, findings in report.by_code():
        _print_code(findings, report.counts[code])
    for name, figures in report.tokens.items():
        click.echo("\n".join(token_lines(name, figures)))
    if "lora" in report.training:
        click.echo(f"lora: {report.training['lora']}")
    for note in report.notes:
        _output.say(f"note: {note}")
    verdict = click.style("clean", fg="green", bold=True) if report.is_clean else report.verdict
    click.echo(f"{verdict}: {report.scope}")


def _print_code(findings: list[Finding], total: int) -> None:
    """Print the first findings of one code, each run of them with its cure, and the number of the others."""
    from lf_qwen3.proof.check.report import SHOWN

    code = click.style(findings[0].code, fg=_COLOURS[findings[0].severity], bold=True)
    shown = findings[:SHOWN]
    for finding, following in zip(shown, [*shown[1:], None], strict=True):
        click.echo(f"{finding.where}: {code} {finding.message}")
        if following and following.cure != finding.cure:
            _print_cure(finding.cure)
    if total > SHOWN:
        click.echo(f"  and {total - SHOWN:,} more {code}")
    _print_cure(shown[-1].cure)
    if link := docs_link.link_to("checks", findings[0].code):
        click.echo(f"  docs: {link}")


def _print_cure(cure: str) -> None:
    indent = "  hint: "
    wrapped = textwrap.fill(
        cure,
        min(get_terminal_size().columns, 120),
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_on_hyphens=False,
        break_long_words=False,
    )
    click.echo(wrapped)
