"""lf-qwen3 gguf: from adapter to a quantised file that is proven to have kept its tuning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lf_qwen3.cli import _output
from lf_qwen3.cli._progress import shown_progress

if TYPE_CHECKING:
    from lf_qwen3.results.gguf.work import GgufResult

GROUP = "results"


@click.command(name="gguf")
@click.argument("run_dir", type=click.Path())
@click.option(
    "--quant", default="Q4_K_M", show_default=True, metavar="TYPE", help="F16, Q8_0, Q5_K_M, Q4_K_M."
)
@click.option(
    "--llama-cpp",
    metavar="DIR",
    type=click.Path(),
    help="A checkout of llama.cpp; default: PATH.",
)
@click.option("--out", metavar="DIR", type=click.Path(), help="Write there, not into RUN_DIR/gguf.")
@click.option(
    "--dataset", default="", metavar="NAME", help="Measure on these rows instead of the test split."
)
@click.option(
    "--rows", default=50, show_default=True, type=click.IntRange(1), help="How many rows to measure."
)
@click.option(
    "--limit",
    type=click.FloatRange(0, 1),
    help="The share of the tuning to keep, instead of the measured limit.",
)
@click.option("--to-ollama", is_flag=True, help="Create the model in Ollama too, once for each mode.")
@_output.json_option
def command(
    run_dir: str,
    quant: str,
    llama_cpp: str | None,
    out: str | None,
    dataset: str,
    rows: int,
    limit: float | None,
    to_ollama: bool,
    as_json: bool,
) -> int:
    """Make a quantised GGUF of a trained run, and test that it kept the fine-tuning.

    RUN_DIR is the folder that recipe new wrote, or the trainer's output_dir. The adapter is merged, converted
    and quantised; after each step the likelihood of held-out answers shows how much of the fine-tuning is
    left, and the command stops if that is too little. The same command resumes an interrupted run. The file,
    the report and the Modelfiles are in RUN_DIR/gguf.

    \b
    lf-qwen3 gguf runs/my_data --quant Q4_K_M --llama-cpp llama.cpp
    """  # noqa: D301
    from lf_qwen3.results.gguf.work import make_gguf

    try:
        with shown_progress() as progress:
            result = make_gguf(
                run_dir,
                quant,
                llama_cpp=llama_cpp,
                out=out,
                dataset=dataset,
                rows=rows,
                limit=limit,
                to_ollama=to_ollama,
                progress=progress,
            )
    except KeyboardInterrupt:
        _output.say("interrupted: the same command resumes at the step that was not finished")
        return 130
    if as_json:
        _output.print_json(result.report)
    else:
        _show(result)
    return 0


def _show(result: GgufResult) -> None:
    from lf_qwen3.results.gguf.report import list_figures

    for row in list_figures(result.report):
        low, high = row["interval"]
        kept = f"kept {row['kept']:.1%} ({low:.1%} to {high:.1%})"
        click.echo(f"{row['what']:<24} {kept}, limit {100 * row['limit']:.3g}%")
    for note in result.report["notes"]:
        _output.warn(note)
    for path in (result.file, *result.reports, *result.report["modelfiles"].values()):
        click.echo(f"written: {path}")
    click.echo("\n".join(result.report["commands"]))
