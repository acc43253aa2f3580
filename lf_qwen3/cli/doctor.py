"""lf-qwen3 doctor."""

from __future__ import annotations

import click

from lf_qwen3.cli import _output


@click.command(short_help="Name what is missing or mismatched in this environment.")
@_output.json_option
def command(as_json: bool) -> int:
    """Name what is missing or mismatched in this environment, and the command that cures it.

    Looks at the trainer's own pins, torch beside torchvision and torchaudio, the parts that scoring needs,
    the tokenizer, the GPU and the disk. Nothing is imported or changed. Exit code 1 when there is a problem;
    notes on optional parts are no problem.
    """
    from dataclasses import asdict

    from lf_qwen3.proof.doctor import examine

    health = examine()
    if as_json:
        _output.print_json({**asdict(health), "is_good": health.is_good})
        return 0 if health.is_good else 1
    for name, found in health.versions.items():
        click.echo(f"  {name:<16}{found or '-'}")
    for symptom in health.symptoms:
        color = "red" if symptom.level == "problem" else "cyan"
        click.echo(f"{click.style(symptom.level, fg=color, bold=True)}: {symptom.what}: {symptom.why}")
        if symptom.cure:
            click.echo(f"  {symptom.cure}")
    click.echo("all is well" if health.is_good else "train after these are cured")
    return 0 if health.is_good else 1
