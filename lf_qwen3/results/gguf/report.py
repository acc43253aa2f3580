"""The report beside the file: Markdown and a picture; gguf.json is written by `steps.py`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base.files import write_text
from lf_qwen3.results.diagnose.plots import COLOURS, GRID, INK

_STAGES = {"hf": "merged, transformers"}


def list_figures(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the figures of each stage that was reached: what, kept with its interval, limit, KL."""
    return [
        {"what": _STAGES.get(name, f"{name}, llama.cpp"), **figures}
        for name, figures in report.get("figures", {}).items()
    ]


def write_report(report: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write gguf-TYPE.md, and gguf-TYPE.svg where matplotlib is installed; return their paths."""
    page = folder / f"gguf-{report['kind']}.md"
    picture = _draw(report, folder / f"gguf-{report['kind']}.svg")
    write_text(page, render_markdown(report, picture))
    return [page, *([picture] if picture else [])]


def render_markdown(report: Mapping[str, Any], picture: Path | None) -> str:
    """Return the report as Markdown."""
    plan = report["plan"]
    lines = [f"# {plan['name']}: GGUF {report['kind']}", ""]
    lines += [f"**{_verdict(report)}**", ""]
    if picture:
        lines += [f"![How much of the tuning each stage kept]({picture.name})", ""]
    lines += ["| stage | kept | 95 % interval | limit | KL, nats per token |", "|---|---|---|---|---|"]
    for row in list_figures(report):
        low, high = row["interval"]
        interval, limit = f"{low:.1%} to {high:.1%}", f"{100 * row['limit']:.3g}%"
        lines.append(f"| {row['what']} | {row['kept']:.1%} | {interval} | {limit} | {row['kl']:.2g} |")
    lines += ["", *_facts(report), ""]
    for number, answers in enumerate(report.get("answers", []), 1):
        lines += [f"## Row {number}, greedy answers", ""]
        lines += [f"- {who}: {' '.join(text.split()) or '(nothing)'}" for who, text in answers.items()]
        lines.append("")
    if commands := report.get("commands"):
        lines += ["## Serve it", "", "```bash", *commands, "```", ""]
    return "\n".join(lines)


def _verdict(report: Mapping[str, Any]) -> str:
    if error := report.get("error"):
        return f"Stopped: {error['message']}. Next: {error['hint']}"
    return f"{report['file']} has passed every test." if "file" in report else "Not finished: run it again."


def _facts(report: Mapping[str, Any]) -> list[str]:
    steps, facts = report["steps"], []
    if merged := steps.get("merge", {}).get("result"):
        facts.append(
            f"Merge: {merged['changed']} tensors changed as the adapter says (error "
            f"{merged['delta_error']:.2%}), {merged['equal']} equal the base bit for bit."
        )
    if gain := report.get("gain"):
        facts.append(
            f"Tuning: {gain['value']:+.3f} nats per token on {report['rows']} rows of "
            f"{report['plan']['rows_of']} ({gain['low']:+.3f} to {gain['high']:+.3f}), "
            f"{report['tokens']} answer tokens."
        )
    return [*(f"- {fact}" for fact in facts), *(f"- {note}" for note in report.get("notes", []))]


def _draw(report: Mapping[str, Any], path: Path) -> Path | None:
    """Draw what each stage kept, with its interval and its limit."""
    rows = list_figures(report)
    try:
        figures: Any = importlib.import_module("matplotlib.figure")
    except ImportError:
        return None
    if not rows:
        return None
    figure = figures.Figure(figsize=(7.0, 1.1 + 0.5 * len(rows)), layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.add_subplot()
    axes.patch.set_alpha(0)
    for at, row in enumerate(rows):
        low, high = row["interval"]
        axes.plot([100 * low, 100 * high], [at, at], color=COLOURS[0], lw=3)
        axes.plot(100 * row["kept"], at, "o", color=COLOURS[0], label="kept" if not at else None)
        axes.plot(100 * row["limit"], at, "|", ms=16, color=COLOURS[1], label="limit" if not at else None)
    axes.set_yticks(range(len(rows)), [row["what"] for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("tuning kept, %", color=INK)
    axes.grid(axis="x", color=GRID, lw=0.7)
    axes.tick_params(colors=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    figure.legend(frameon=False, labelcolor=INK, loc="outside upper right", ncols=2)
    figure.savefig(path, metadata={"Date": None})
    return path
