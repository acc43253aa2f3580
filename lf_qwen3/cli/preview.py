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
from lf_qwen3.qwen3.thinking import CLOSE

if TYPE_CHECKING:
    from lf_qwen3.proof.preview import Preview, PreviewRendering, PreviewRow, PreviewSegment
    from lf_qwen3.trainer.chat_template import TemplateComparison

_EXCERPT = 40


@click.command(name="preview")
@click.argument("name")
@_output.dataset_dir_option(required=False)
@click.option(
    "--tokenizer",
    metavar="FOLDER_OR_ID",
    help="Folder with a tokenizer.json, or a hub id in a local cache; default: the YAML's model.",
)
@click.option("--config", type=click.Path(), help="Training YAML to take template, mask and cut from.")
@click.option("-n", "count", type=click.IntRange(min=1), default=3, show_default=True, help="Rows to show.")
@click.option("--row", type=click.IntRange(min=1), help="Show this row alone, counted from 1.")
@_output.json_option
def command(as_json: bool, **options: Any) -> None:
    """Show what the model will see: the text that is fed, and what of it is learnt.

    NAME is a dataset of dataset_info.json, or the name given to convert, which stands for its train split.

    On a terminal what is learnt is green and what is masked is grey; piped, or with NO_COLOR, what is
    learnt stands in ⟦brackets⟧. Where cutoff_len cuts, ⟪what is lost⟫ is named. Where the model's own
    chat template gives other tokens, the place and the official text follow.

    \b
    lf-qwen3 preview my_data --dataset-dir data --tokenizer Qwen/Qwen3-4B
    lf-qwen3 preview my_data --config train.yaml --row 17
    """  # noqa: D301
    from lf_qwen3.proof.preview import PreviewRequest, preview, summarise_preview

    found = preview(PreviewRequest(**options))
    if as_json:
        _output.print_json(summarise_preview(found))
        return
    brush = _Brush(_is_coloured())
    _show_options(found, brush)
    for shown in found.rows:
        _show_row(found, shown, brush)


class _Brush:
    """Makes the loss mask visible: by colour, or by brackets where there is none."""

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
        return "".join(
            self._lost(run) if lost else self._kept("".join(one.text for one in run), learnt)
            for (lost, learnt), group in groupby(segments, lambda one: (bool(one.lost), one.learnt))
            for run in [list(group)]
        )

    def _kept(self, text: str, is_learnt: bool) -> str:
        if not self.is_coloured:
            return f"{self.learnt[0]}{text}{self.learnt[1]}" if is_learnt else text
        plain = {"fg": "green"} if is_learnt else {"dim": True}
        special = {"fg": "bright_green", "bold": True} if is_learnt else {"fg": "cyan", "dim": True}
        made: list[str] = []
        at = 0
        for token in special_tokens.PATTERN.finditer(text):
            made += self.style(text[at : token.start()], **plain), self.style(token[0], **special)
            at = token.end()
        return "".join([*made, self.style(text[at:], **plain)])

    def _lost(self, segments: list[PreviewSegment]) -> str:
        counts = Counter[str]()
        for one in segments:
            counts[one.part] += one.lost
        parts = ", ".join(f"{count:,} {part}" for part, count in counts.items())
        text = "".join(one.text for one in segments)
        excerpt = _escaped(text[:_EXCERPT]) + (self.more if len(text) > _EXCERPT else "")
        marker = f"{self.lost[0]}cut: {parts} tokens: {excerpt}{self.lost[1]}"
        return self.style(marker, fg="red", bold=True)


def _show_options(found: Preview, brush: _Brush) -> None:
    click.echo(brush.style(found.name, bold=True))
    for origin, options in groupby(found.options(), lambda pair: found.origin[pair[0]]):
        values = ", ".join(f"{key} {_yaml(value)}" for key, value in options)
        click.echo(f"  {values} ({origin})")
    click.echo(f"  tokenizer {found.tokenizer}")
    inside, outside = ("green", "grey") if brush.is_coloured else ("text".join(brush.learnt), "all else")
    click.echo(f"  loss mask: {inside} is in the loss, {outside} is not")
    if found.unofficial:
        _output.say(f"note: not held against the model's own chat template: {found.unofficial}")


def _show_row(found: Preview, shown: PreviewRow, brush: _Brush) -> None:
    click.echo()
    click.echo(brush.style(f"--- row {shown.row} of {shown.file}", bold=True))
    if shown.problem:
        click.echo(brush.style(shown.problem, fg="red"))
    for rendering in shown.renderings:
        if rendering.side:
            click.echo(brush.style(f"-- {rendering.side}", bold=True))
        click.echo(_counts(rendering))
        if rendering.encoded.is_cut:
            click.echo(brush.style(_cut(rendering, found.template.cutoff_len), fg="red"))
        click.echo()
        text = brush.text(rendering.segments)
        click.echo(text, nl=not text.endswith("\n"))
    if shown.official:
        _show_official(shown.official, brush)


def _show_official(official: TemplateComparison, brush: _Brush) -> None:
    found = official.difference
    if found is None:
        click.echo(f"official chat template: the same {official.tokens:,} tokens")
        return
    if found.refused:
        click.echo(brush.style(f"official chat template: {found.refused}", fg="yellow"))
        return
    place = f"token {found.at + 1:,} on, in the {found.part} of turn {found.turn + 1}"
    click.echo(brush.style(f"official chat template: it differs from {place}", fg="yellow"))
    for title, text in (("trainer ", found.ours), ("official", found.official)):
        before, after = _escaped(found.before)[-30:], _escaped(text)[:30]
        click.echo(f"  {title}  {brush.more}{before}{brush.place}{after}{brush.more}")
    click.echo()
    before, after = official.text[: found.character], official.text[found.character :]
    click.echo(f"{brush.style(before, dim=True)}{brush.style(brush.place + after, fg='yellow')}", nl=False)


def _counts(rendering: PreviewRendering) -> str:
    encoded = rendering.encoded
    parts = ", ".join(f"{encoded.count(part):,} {part}" for part in ("prompt", "thinking", "answer"))
    return f"{encoded.length:,} tokens: {parts}; {encoded.learnt:,} in the loss"


def _cut(rendering: PreviewRendering, cutoff_len: int) -> str:
    encoded = rendering.encoded
    lost = encoded.length - len(encoded.input_ids)
    marks = [mark for mark, gone in ((CLOSE, encoded.lost_close), ("<|im_end|>", encoded.lost_end)) if gone]
    with_them = f", and with them {' and '.join(marks)}" if marks else ""
    return f"cutoff_len {cutoff_len:,} takes {lost:,} of them{with_them}"


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
