"""lf-qwen3 score: how good predictions are, and what went wrong in them."""

from __future__ import annotations

from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from lf_qwen3.base.errors import UsageError
from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.results.score.findings import Finding
    from lf_qwen3.results.score.predictions import Prediction
    from lf_qwen3.results.score.verdicts import Verdicts

PLACES = 3


@click.command(name="score")
@click.argument("predictions", type=click.Path(), metavar="PREDICTIONS")
@click.option("--config", type=click.Path(), help="The predict YAML of the run; found by itself beside it.")
@click.option(
    "--tokenizer", default="", help="A folder with a tokenizer.json, or a hub id: lengths in tokens."
)
@click.option(
    "--max-new-tokens", type=click.IntRange(min=1), help="The limit of the run, in place of the YAML's."
)
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes; as many as there are cores by default."
)
@click.option(
    "--judge-export", type=click.Path(), help="Write questions to a judge, in OpenAI's batch format."
)
@click.option("--judge-model", default="", help="The judge's model name, for --judge-export.")
@click.option(
    "--judge-import", type=click.Path(), help="Read the judge's verdicts: the output of that batch."
)
@click.option(
    "--judge-against", type=click.Path(), help="Other predictions of the same rows, judged in pairs."
)
@_output.json_option
def command(
    predictions: str,
    config: str | None,
    tokenizer: str,
    max_new_tokens: int | None,
    workers: int | None,
    judge_export: str | None,
    judge_model: str,
    judge_import: str | None,
    judge_against: str | None,
    as_json: bool,
) -> int:
    """Score predictions: the answer, the thinking, and both as LLaMA-Factory scores them.

    PREDICTIONS is a generated_predictions.jsonl or the folder that holds it. BLEU-4 and ROUGE are 0 to 100,
    with the 95 % interval of each mean. Exit code 1 says that a defect is in 1 % of the rows or more.

    \b
    lf-qwen3 score runs/my_data/predict
    lf-qwen3 score runs/my_data/predict --judge-export judge.jsonl --judge-model MODEL
    lf-qwen3 score runs/my_data/predict --judge-import judge_output.jsonl
    """  # noqa: D301
    from lf_qwen3.results.score import predictions as reading

    _require_judge_options(judge_export, judge_model, judge_import, judge_against)
    rows = reading.read(Path(predictions))
    against = reading.read(Path(judge_against)) if judge_against else None
    if judge_export:
        _keep_apart(Path(judge_export), [predictions, *([judge_against] if judge_against else [])])
        return _export(rows, against, Path(judge_export), judge_model, as_json)
    verdicts = _verdicts(rows, against, judge_import)
    file = reading.locate(Path(predictions))
    return _score(rows, file, (config, tokenizer, max_new_tokens, workers), verdicts, as_json)


def _require_judge_options(export: str | None, model: str, imported: str | None, against: str | None) -> None:
    if export and imported:
        raise UsageError(
            "--judge-export and --judge-import are two steps", "export, run the batch, then import"
        )
    if export and not model:
        raise UsageError(
            "--judge-export needs the judge's name", "add --judge-model NAME, as your endpoint calls it"
        )
    if against and not (export or imported):
        raise UsageError(
            "--judge-against is for a judge",
            "add --judge-export FILE; to compare scores: lf-qwen3 compare A B",
        )


def _keep_apart(export: Path, sources: list[str]) -> None:
    """Refuse to write over the predictions themselves."""
    from lf_qwen3.results.score import predictions as reading

    if export.resolve() in [reading.locate(Path(one)).resolve() for one in sources]:
        raise UsageError(f"--judge-export {export} is the file of predictions", "name another file")


def _export(
    rows: list[Prediction], against: list[Prediction] | None, file: Path, model: str, as_json: bool
) -> int:
    from lf_qwen3.results.score import judge

    count = judge.export(rows, file, model, against)
    if as_json:
        _output.print_json({"file": str(file), "requests": count, "rows": len(rows)})
        return 0
    click.echo(f"wrote {file}: {count:,} requests about {len(rows):,} rows")
    click.echo("next: run it as a batch at an OpenAI-compatible endpoint, then name what comes back:")
    click.echo(
        "  lf-qwen3 score PREDICTIONS --judge-import OUTPUT.jsonl" + " --judge-against OTHER" * bool(against)
    )
    return 0


def _verdicts(
    rows: list[Prediction], against: list[Prediction] | None, imported: str | None
) -> Verdicts | None:
    from lf_qwen3.results.score import verdicts

    return verdicts.read(Path(imported), rows, against) if imported else None


def _score(
    rows: list[Prediction],
    file: Path,
    options: tuple[str | None, str, int | None, int | None],
    verdicts: Verdicts | None,
    as_json: bool,
) -> int:
    from lf_qwen3.results import score as scoring
    from lf_qwen3.results.score import findings, setting, words

    config, tokenizer, limit, workers = options
    known = setting.find(file, Path(config) if config else None, tokenizer, limit)
    with _output.progress_bar() as progress:
        scores = scoring.score(
            rows,
            workers=workers,
            tokenizer=known.tokenizer,
            max_new_tokens=known.max_new_tokens,
            progress=progress,
        )
    found = findings.findings_of(scores)
    if as_json:
        extra = {"judge": verdicts.as_json()} if verdicts else {}
        shown = {"file": str(file), "config": known.config, "max_new_tokens": known.max_new_tokens}
        told = {"findings": [{**one._asdict(), "share": round(one.share, 6)} for one in found]}
        _output.print_json({**shown, **scores.as_json(), **extra, **told, "notes": known.notes})
        return 1 if found else 0
    click.echo("\n".join(words.lines(scores)))
    if verdicts:
        click.echo("\n" + "\n".join(verdicts.lines()))
    _show(found, file)
    for note in known.notes:
        _output.say(f"note: {note}")
    return 1 if found else 0


def _show(found: list[Finding], file: Path) -> None:
    if found:
        click.echo()
    for one in found:
        code = click.style(one.code, fg="yellow", bold=True)
        places = ", ".join(str(row) for row in one.rows[:PLACES])
        more = " ..." if len(one.rows) > PLACES else ""
        click.echo(f"{file}: {code} {one.share:.1%} ({len(one.rows):,} of {one.of:,}) {one.message}")
        click.echo(f"  lines {places}{more}")
        width = min(get_terminal_size().columns, 120)
        click.echo(click.wrap_text(f"hint: {one.hint}", width, "  ", "        "))
