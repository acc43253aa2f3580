"""lf-qwen3 evaluate: base against tuned, from the recipe's folder to the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lf_qwen3.base.errors import UsageError
from lf_qwen3.cli import _output
from lf_qwen3.cli._progress import shown_progress

if TYPE_CHECKING:
    from lf_qwen3.results.evaluate import Served

GROUP = "results"


@click.command(name="evaluate")
@click.argument("out_dir", type=click.Path())
@click.argument("given", nargs=-1, metavar="[--from BASE TUNED...]", type=click.Path())
@click.option(
    "--from", "is_given", is_flag=True, help="Predict nothing: compare the prediction files that follow."
)
@click.option("--html", metavar="FILE", type=click.Path(), help="Write the page there, not into OUT_DIR.")
@click.option("--url", default="", help="A server with both models loaded that predicts, such as vLLM.")
@click.option("--base-model", default="", metavar="NAME", help="What the server calls the base model.")
@click.option("--tuned-model", default="", metavar="NAME", help="What the server calls the tuned model.")
@click.option(
    "--api-key-env", default="", metavar="NAME", help="The environment variable that holds its API key."
)
@click.option(
    "--concurrency", type=click.IntRange(min=1), default=64, show_default=True, help="Concurrent requests."
)
@_output.json_option
def command(
    out_dir: str,
    given: tuple[str, ...],
    is_given: bool,
    html: str | None,
    url: str,
    base_model: str,
    tuned_model: str,
    api_key_env: str,
    concurrency: int,
    as_json: bool,
) -> int:
    """Predict with base and tuned model, compare them, and write the report.

    OUT_DIR is the folder that recipe new wrote. llamafactory-cli runs predict_base.yaml and
    predict_tuned.yaml in the current folder; predictions that are up to date are kept. Then report.html,
    report.md and scores.json are written. With use_swanlab in train.yaml, scores and report are logged to the
    same project. Exit code 1 says that the tuned model is clearly worse.

    \b
    lf-qwen3 evaluate runs/my_data
    vllm serve Qwen/Qwen3-4B --enable-lora --lora-modules tuned=runs/my_data/adapter
    lf-qwen3 evaluate runs/my_data --url http://127.0.0.1:8000/v1 \\
        --base-model Qwen/Qwen3-4B --tuned-model tuned
    lf-qwen3 evaluate runs/my_data --from base.jsonl tuned.jsonl
    """  # noqa: D301
    from lf_qwen3.cli.compare import show
    from lf_qwen3.results.evaluate import evaluate

    _require_pairs(is_given, given)
    served = _find_served(url, base_model, tuned_model, api_key_env, concurrency)
    try:
        with shown_progress() as progress:
            evaluation = evaluate(out_dir, given, html=html, workers=None, served=served, progress=progress)
    except KeyboardInterrupt:
        _output.say("interrupted: the trainer was stopped; finished predictions are kept")
        return 130
    for note in evaluation.notes:
        _output.warn(note)
    if as_json:
        _output.print_json(evaluation.as_json())
    else:
        show(evaluation.comparison)
        for path in evaluation.reports:
            click.echo(f"written: {path}")
        if evaluation.tracked:
            click.echo(f"logged to SwanLab: {evaluation.tracked}")
    return 1 if evaluation.comparison.is_worse else 0


def _require_pairs(is_given: bool, given: tuple[str, ...]) -> None:
    if is_given and len(given) < 2:
        raise UsageError(
            "--from needs two prediction files",
            "lf-qwen3 evaluate DIR --from BASE TUNED",
            code="too_few_runs",
        )
    if given and not is_given:
        raise UsageError(
            f"{given[0]} is one path too many",
            "evaluate accepts one folder; prediction files follow --from",
            code="too_many_arguments",
        )


def _find_served(url: str, base: str, tuned: str, api_key_env: str, concurrency: int) -> Served | None:
    """Return the server that predicts, None where none is named."""
    from lf_qwen3.data.generate.options import ServerOptions
    from lf_qwen3.results.evaluate import Served

    if bool(url) != bool(base and tuned) or bool(base) != bool(tuned):
        raise UsageError(
            "use --url, --base-model and --tuned-model together",
            "name the server, and its names of the two models",
            code="option_missing",
        )
    server = ServerOptions(url, base, api_key_env=api_key_env, concurrency=concurrency)
    return Served(server, tuned) if url else None
