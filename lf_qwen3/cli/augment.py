"""lf-qwen3 augment: new questions by a model, answered and kept as distil does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lf_qwen3.base.errors import UsageError
from lf_qwen3.cli import _output
from lf_qwen3.cli import _server_options as asking
from lf_qwen3.data.generate.dialects import MODES

GROUP = "data"
_CORPUS = "corpus:"
_SAMPLES = {"evol": 1, "cot": 5, "craft": 3}


@click.command(short_help="Let a model write questions like yours, and answer them.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@asking.server_options
@click.option("--to", required=True, type=click.Path(), help="The folder to write; convert reads it.")
@click.option("--rows", required=True, type=click.IntRange(min=1), help="New rows to make.")
@click.option(
    "--method",
    default="evol",
    show_default=True,
    metavar="evol|cot|corpus:PATH",
    help="Change your questions, invent questions with a checked answer, or make them from your texts.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 4),
    default=1,
    show_default=True,
    help="Rounds of changes to a question (evol); only valid questions are changed again.",
)
@click.option(
    "--modes", type=click.Choice(list(MODES)), default="thinking", show_default=True, help="As in distil."
)
@click.option("--samples", type=click.IntRange(min=1), help="Answers to each question: 1, cot 5, corpus 3.")
@click.option("--max-new-tokens", type=click.IntRange(min=1), help="The longest answer, in tokens.")
@click.option("--held-out", multiple=True, metavar="SOURCE", help="Test rows that must not be trained on.")
@click.option("--columns", multiple=True, metavar="ROLE=COLUMN,...", help="Name the columns, as in convert.")
@click.option("--limit", type=click.IntRange(min=1), help="Read at most this many rows of each SOURCE.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=42, show_default=True, help="Seed of the sampling."
)
@asking.offline_options
@_output.json_option
def command(
    as_json: bool,
    rows: int,
    method: str,
    rounds: int,
    samples: int | None,
    **given: Any,
) -> int:
    """Let a model write new questions similar to yours, and keep those with good answers.

    evol changes a question by one of five operations or writes a related one. cot plans a question with its
    answer, and keeps it if more than half of the samples give that answer. corpus:PATH makes questions from
    those of your .txt and .md files that match your questions best. Near-duplicates of your questions, of
    held-out questions and of other new questions are refused.

    \b
    lf-qwen3 augment data/mine_train.jsonl --held-out data/mine_test.jsonl --rows 1500 \\
        --url http://127.0.0.1:8000/v1 --model Qwen3-32B --to augmented
    lf-qwen3 convert augmented --name more --dataset-dir data
    """  # noqa: D301
    from lf_qwen3.cli._progress import shown_progress
    from lf_qwen3.data.generate.augment import augment, estimate_questions, export_questions
    from lf_qwen3.data.generate.new_questions import AugmentOptions
    from lf_qwen3.data.generate.options import DistilOptions

    server, offline = asking.build_server_options(given), asking.take_offline(given)
    corpus = Path(method.removeprefix(_CORPUS)) if method.startswith(_CORPUS) else None
    name: Any = "craft" if corpus else method
    if name not in _SAMPLES:
        raise UsageError(
            f"Invalid value for '--method': '{method}' is neither evol, cot nor corpus:PATH",
            "evol and cot need only your questions",
            code="option_value",
        )
    to, modes = Path(given.pop("to")), MODES[given.pop("modes")]
    keep: Any = "all" if name == "evol" else "best"
    answering = DistilOptions(to=to, modes=modes, samples=samples or _SAMPLES[name], keep=keep, **given)
    options = AugmentOptions(answering, rows, name, corpus, rounds)
    if not answering.held_out:
        _output.warn("no --held-out: a test question may be rewritten and trained on (data leakage)")
    if asking.show_offline(
        offline,
        lambda tokenizer: estimate_questions(options, server, tokenizer),
        lambda file: export_questions(options, server, file),
        as_json,
    ):
        return 0
    with shown_progress() as progress:
        report = augment(options, server, progress, offline.outputs)
    return asking.finish(report, as_json)
