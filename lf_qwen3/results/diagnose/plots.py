"""Draw the curves of a run as PNG and SVG, legible on a light and on a dark page."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.results.diagnose.training_run import Point, TrainingRun

# Middle greys and colours of middle lightness: each stands at 3:1 or better against white and near-black.
INK, GRID = "#808080", "#80808055"
COLOURS = ("#3b82d0", "#d9730d", "#9065b0", "#448361", "#c14c8a")
_WIDTH, _HEIGHT, _DPI = 8.0, 4.5, 150


def draw(run: TrainingRun, folder: Path) -> list[Path]:
    """Write loss.png, loss.svg, learning_rate.png and learning_rate.svg into `folder`; return their paths.

    A picture without values is not drawn; backgrounds are transparent. Raises `UsageError` where `folder` is
    a file, `LfQwen3Error` where matplotlib is missing.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            f"--plots {folder} is a file",
            "name a folder; it is created if it does not exist",
            code="not_a_folder",
        )
    pictures = {
        "loss": ("loss", {"training": run.train} | {_label(k): v for k, v in run.validation.items()}),
        "learning_rate": ("learning rate", {"learning rate": run.learning_rate}),
    }
    paths: list[Path] = []
    for name, (title, curves) in pictures.items():
        drawable = {label: points for label, curve in curves.items() if (points := _finite(curve))}
        if drawable:
            folder.mkdir(parents=True, exist_ok=True)
            paths += _save(_figure(title, drawable), folder / name)
    return paths


def _label(name: str) -> str:
    named = name.removesuffix("loss").rstrip("_")
    return f"validation {named}".rstrip()


def _finite(curve: Iterable[Point]) -> list[Point]:
    return [point for point in curve if math.isfinite(point.value)]


def _figure(title: str, curves: dict[str, list[Point]]) -> Any:
    try:
        figures: Any = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise LfQwen3Error(
            "drawing needs matplotlib, which is not installed",
            "run: pip install matplotlib",
            code="extra_missing",
        ) from error
    figure = figures.Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.add_subplot()
    axes.patch.set_alpha(0)
    for number, (label, curve) in enumerate(curves.items()):
        steps, values = [point.step for point in curve], [point.value for point in curve]
        mark = "o" if number or len(curve) < 3 else None
        axes.plot(
            steps,
            values,
            label=label,
            color=COLOURS[number % len(COLOURS)],
            lw=1.8,
            marker=mark,
            markersize=4,
        )
    _dress(axes, title, len(curves) > 1)
    return figure


def _dress(axes: Any, title: str, has_legend: bool) -> None:
    """Set axes, grid and words in a grey that is legible on both backgrounds."""
    axes.locator_params(axis="x", integer=True)
    axes.set_xlabel("step", color=INK)
    axes.set_ylabel(title, color=INK)
    axes.grid(color=GRID, lw=0.7)
    axes.tick_params(colors=INK)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(INK)
    if has_legend:
        axes.legend(frameon=False, labelcolor=INK)


def _save(figure: Any, path: Path) -> list[Path]:
    made = [path.with_suffix(".png"), path.with_suffix(".svg")]
    matplotlib: Any = importlib.import_module("matplotlib")
    with matplotlib.rc_context({"svg.hashsalt": path.name}):
        figure.savefig(made[0], dpi=_DPI)
        figure.savefig(made[1], metadata={"Date": None})
    return made
