"""lf-qwen3 distil: new answers by a model to questions that one has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lf_qwen3.cli import _output
from lf_qwen3.cli import _server_options as asking
from lf_qwen3.data.generate.dialects import MODES

GROUP = "data"


@click.command(
    short_help="Let a model answer your questions again, and keep the answers that agree with yours."
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@asking.server_options
@click.option("--to", required=True, type=click.Path(), help="The folder to write; convert reads it.")
@click.option(
    "--modes",
    type=click.Choice(list(MODES)),
    default="thinking",
    show_default=True,
    help="Ask for answers with thinking, without, or one of each.",
)
@click.option(
    "--samples", type=click.IntRange(min=1), default=1, show_default=True, help="Answers per question."
)
@click.option(
    "--keep",
    type=click.Choice(["auto", "agree", "all", "best"]),
    default="auto",
    show_default=True,
    help="Keep answers that agree with the row's own, all, or the shortest that agrees; auto: "
    "agree if they can be compared.",
)
@click.option(
    "--match",
    type=click.Choice(["auto", "exact", "number", "choice", "math", "judge"]),
    default="auto",
    show_default=True,
    help="How answers are compared; judge asks the model.",
)
@click.option(
    "--hint",
    is_flag=True,
    help="Show the model the answer of a row that no sample reached; such rows are marked.",
)
@click.option("--system", default="", help="The system text of every request, instead of the row's.")
@click.option("--max-new-tokens", type=click.IntRange(min=1), help="The longest reply, in tokens.")
@click.option("--held-out", multiple=True, metavar="SOURCE", help="Test rows that must not be trained on.")
@click.option("--columns", multiple=True, metavar="ROLE=COLUMN,...", help="Name the columns, as in convert.")
@click.option("--limit", type=click.IntRange(min=1), help="Read at most this many rows of each SOURCE.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=42, show_default=True, help="Seed of the sampling."
)
@click.option("--again", multiple=True, metavar="CODE", help="Ask again what was refused with this code.")
@asking.offline_options
@_output.json_option
def command(
    as_json: bool,
    again: tuple[str, ...],
    **given: Any,
) -> int:
    """Let a model answer your questions again, and keep what agrees with your answers.

    Any server with OpenAI's chat API works: vLLM, SGLang, llama-server, Ollama, DashScope, DeepSeek,
    llamafactory-cli api. An interrupted run resumes with the same command: no reply is paid twice. Exit code
    1 says that some requests have no reply.

    \b
    lf-qwen3 distil data/mine_train.jsonl --held-out data/mine_test.jsonl \\
        --url http://127.0.0.1:8000/v1 --model Qwen3-8B --modes both --samples 4 --to distilled
    lf-qwen3 convert distilled --name mixed --dataset-dir data --mix thinking=0.75
    """  # noqa: D301
    from lf_qwen3.cli._progress import shown_progress
    from lf_qwen3.data.generate.distil import distil, estimate_requests, export_requests
    from lf_qwen3.data.generate.options import DistilOptions

    server, offline = asking.build_server_options(given), asking.take_offline(given)
    modes, to = MODES[given.pop("modes")], Path(given.pop("to"))
    options = DistilOptions(to=to, modes=modes, **given)
    if not options.held_out:
        _output.warn("no --held-out: a test question may be trained on (data leakage)")
    if asking.show_offline(
        offline,
        lambda tokenizer: estimate_requests(options, server, tokenizer, again),
        lambda file: export_requests(options, server, file, again),
        as_json,
    ):
        return 0
    with shown_progress() as progress:
        report = distil(options, server, progress, offline.outputs, again)
    return asking.finish(report, as_json)
