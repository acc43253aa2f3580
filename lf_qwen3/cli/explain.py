"""lf-qwen3 explain: what the code of a finding means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lf_qwen3.cli import _output

if TYPE_CHECKING:
    from lf_qwen3.proof.explain import Explanation

GROUP = "proof"


@click.command(name="explain")
@click.argument("code")
@_output.json_option
def command(code: str, as_json: bool) -> None:
    """Explain the code of a finding: what it means, the cure, a bad and a good example.

    CODE is one that check, convert or diagnose reports.

    \b
    lf-qwen3 explain think_unclosed
    """  # noqa: D301
    from lf_qwen3.proof.explain import explain

    entries = explain(code)
    if as_json:
        _output.print_json({"entries": [entry.as_json() for entry in entries]})
    else:
        click.echo("\n\n".join(map(_text, entries)))


def _text(entry: Explanation) -> str:
    lines = [
        f"{click.style(entry.code, bold=True)} ({entry.kind}): {entry.message}",
        *([f"  hint: {entry.cure}"] if entry.cure else []),
        *([f"  reported, for example, as: {entry.reported}"] if entry.reported else []),
        *(["  bad:", *_indented(entry.bad), "  good:", *_indented(entry.good)] if entry.bad else []),
        *([f"  docs: {entry.link}"] if entry.link else []),
    ]
    return "\n".join(lines)


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.splitlines()]
