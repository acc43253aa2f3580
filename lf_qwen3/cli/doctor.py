"""lf-qwen3 doctor."""

from __future__ import annotations

import click

from lf_qwen3.cli import _output

GROUP = "proof"


@click.command(short_help="List what is missing or mismatched in this environment.")
@_output.json_option
def command(as_json: bool) -> int:
    """List what is missing or mismatched in this environment, and the commands that repair it.

    It checks the trainer's version pins, torch with torchvision and torchaudio, the packages for scoring, the
    tokenizer, the GPU and the disk. Nothing is imported or changed. Exit code 1 says that there is a problem;
    missing optional parts are only notes.
    """
    from lf_qwen3.proof.doctor import check_environment

    report = check_environment()
    if as_json:
        _output.print_json(report.as_json())
        return 0 if report.is_good else 1
    for name, version in report.versions.items():
        click.echo(f"  {name:<16}{version or '-'}")
    for finding in report.findings:
        color = "red" if finding.level == "problem" else "cyan"
        click.echo(f"{click.style(finding.level, fg=color, bold=True)}: {finding.what}: {finding.why}")
        if finding.cure:
            click.echo(f"  {finding.cure}")
    click.echo("no problems found" if report.is_good else "fix these before you train")
    return 0 if report.is_good else 1
