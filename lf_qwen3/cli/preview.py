"""lf-qwen3 preview: what the model will see of a dataset, token for token."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from lf_qwen3.cli import _output
from lf_qwen3.qwen3 import special_tokens

if TYPE_CHECKING:
    from lf_qwen3.proof.preview import Preview, PreviewRow, PreviewSegment
    from lf_qwen3.trainer.chat_template import TemplateComparison

GROUP = "proof"

_EXCERPT = 40


@click.command(name="preview")
@click.argument("name")
@_output.dataset_dir_option(required=False)
@click.option(
    "--tokenizer",
    metavar="FOLDER_OR_ID",
    help="Folder with a tokenizer.json, or a hub id in a local cache; default: the YAML's model.",
)
@click.option("--config", type=click.Path(), help="Training YAML with template, loss mask and cutoff_len.")
@click.option("-n", "count", type=click.IntRange(min=1), default=3, show_default=True, help="Rows to show.")
@click.option(
    "--trainer", default="llamafactory", metavar="NAME", help="Show what this trainer learns: trl, ..."
)
@click.option("--row", type=click.IntRange(min=1), help="Show only this row, counted from 1.")
@_output.json_option
def command(as_json: bool, **options: Any) -> None:
    """Show what the model sees: the rendered text, and the part of it that is learnt.

    NAME is a dataset of dataset_info.json, or the name given to convert, for its train split.

    On a terminal, learnt text is green and masked text is grey; in a pipe, or with NO_COLOR, learnt text is
    in ⟦brackets⟧. Text that cutoff_len truncates is in ⟪double brackets⟫. If the model's own chat template
    gives other tokens, the place and that text are shown.

    \b
    lf-qwen3 preview my_data --dataset-dir data --tokenizer Qwen/Qwen3-4B
    lf-qwen3 preview my_data --config train.yaml --row 17
    lf-qwen3 preview my_data --dataset-dir data --tokenizer Qwen/Qwen3-4B --trainer axolotl
    """  # noqa: D301
    from lf_qwen3.proof.preview import preview, summarise_preview

    result = preview(**options)
    if as_json:
        _output.print_json(summarise_preview(result))
        return
    brush = _Brush(_is_coloured())
    _show_options(result, brush)
    for row in result.rows:
        _show_row(result, row, brush)


class _Brush:
    """Makes the loss mask visible: by colour, or by brackets if there is none."""

    def __init__(self, is_coloured: bool) -> None:
        self.is_coloured = is_coloured
        is_wide = _can_print("⟦⟧⟪⟫▶…")
        self.learnt = ("⟦", "⟧") if is_wide else ("[[", "]]")
        self.lost = ("⟪", "⟫") if is_wide else ("<<", ">>")
        self.place, self.more = ("▶", "…") if is_wide else ("=>", "...")

    def style(self, text: str, **styles: Any) -> str:
        """Return the text styled, line by line, or as it is where there is no colour."""
        if not self.is_coloured:
            return text
        return "\n".join(click.style(line, **styles) if line else line for line in text.split("\n"))

    def text(self, segments: list[PreviewSegment]) -> str:
        """Return what is fed, mask and cuts marked."""
        parts = []
        for (lost, learnt), group in groupby(segments, lambda part: (bool(part.lost), part.learnt)):
            run = list(group)
            text = "".join(segment.text for segment in run)
            parts.append(self._lost(run) if lost else self._kept(text, learnt))
        return "".join(parts)

    def _kept(self, text: str, is_learnt: bool) -> str:
        if not self.is_coloured:
            return f"{self.learnt[0]}{text}{self.learnt[1]}" if is_learnt else text
        plain = {"fg": "green"} if is_learnt else {"dim": True}
        special = {"fg": "bright_green", "bold": True} if is_learnt else {"fg": "cyan", "dim": True}
        parts: list[str] = []
        at = 0
        for token in special_tokens.PATTERN.finditer(text):
            parts += self.style(text[at : token.start()], **plain), self.style(token[0], **special)
            at = token.end()
        return "".join([*parts, self.style(text[at:], **plain)])

    def _lost(self, segments: list[PreviewSegment]) -> str:
        counts = Counter[str]()
        for segment in segments:
            counts[segment.part] += segment.lost
        parts = ", ".join(f"{count:,} {part}" for part, count in counts.items())
        text = "".join(segment.text for segment in segments)
        excerpt = _escaped(text[:_EXCERPT]) + (self.more if len(text) > _EXCERPT else "")
        marker = f"{self.lost[0]}cut: {parts} tokens: {excerpt}{self.lost[1]}"
        return self.style(marker, fg="red", bold=True)


def _show_options(preview: Preview, brush: _Brush) -> None:
    click.echo(brush.style(preview.name, bold=True))
    for origin, options in groupby(preview.options(), lambda pair: preview.origin[pair[0]]):
        values = ", ".join(f"{key} {_yaml(value)}" for key, value in options)
        click.echo(f"  {values} ({origin})")
    click.echo(f"  tokenizer {preview.tokenizer}")
    inside, outside = ("green", "grey") if brush.is_coloured else ("text".join(brush.learnt), "all else")
    click.echo(f"  loss mask: {inside} is in the loss, {outside} is not")
    if preview.unofficial:
        _output.say(f"note: not compared with the model's own chat template: {preview.unofficial}")


def _show_row(preview: Preview, row: PreviewRow, brush: _Brush) -> None:
    from lf_qwen3.proof.preview.words import describe_counts, describe_cut

    click.echo()
    click.echo(brush.style(f"--- row {row.row} of {row.file}", bold=True))
    if row.problem:
        click.echo(brush.style(row.problem, fg="red"))
    for rendering in row.renderings:
        if rendering.side:
            click.echo(brush.style(f"-- {rendering.side}", bold=True))
        click.echo(describe_counts(rendering))
        if cut := describe_cut(rendering, preview.template.cutoff_len):
            click.echo(brush.style(cut, fg="red"))
        click.echo()
        text = brush.text(rendering.segments)
        click.echo(text, nl=not text.endswith("\n"))
    if row.official:
        _show_official(row.official, brush)
    if row.elsewhere:
        click.echo(row.elsewhere)


def _show_official(official: TemplateComparison, brush: _Brush) -> None:
    from lf_qwen3.proof.preview.words import describe_official

    difference = official.difference
    headline = describe_official(official)
    click.echo(brush.style(headline, fg="yellow") if difference else headline)
    if difference is None or difference.refused:
        return
    for title, text in (("trainer ", difference.ours), ("official", difference.official)):
        before, after = _escaped(difference.before)[-30:], _escaped(text)[:30]
        click.echo(f"  {title}  {brush.more}{before}{brush.place}{after}{brush.more}")
    click.echo()
    before, after = official.text[: difference.character], official.text[difference.character :]
    click.echo(f"{brush.style(before, dim=True)}{brush.style(brush.place + after, fg='yellow')}", nl=False)


def _escaped(text: str) -> str:
    """Return a text on one line."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"')


def _yaml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value


def _is_coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
