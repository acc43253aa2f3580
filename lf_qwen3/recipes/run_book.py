"""RUN.md: the commands of a set in their order, each with what it does and what to look at."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base import assets
from lf_qwen3.recipes import board, merge_first, name_method, presets, shared
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.commented import format_command
from lf_qwen3.recipes.presets import Preset
from lf_qwen3.recipes.shared import SharedSettings

if TYPE_CHECKING:
    from jinja2 import Environment

MERGED = "merged"
"""The folder of the exported model, below --out."""

_EVERY = ("check --config", "rehearse", "estimate")
_PROOFS = {"rm": ("check --config", "rehearse"), "ppo": ("check --config",)}
"""What can be proven of a stage before it runs, where that is not everything."""

_ABOUT = {
    "merge.yaml": "merges the adapter that the training starts from",
    "train.yaml": "trains",
    "predict_base.yaml": "answers the test rows with the model before training",
    "predict_tuned.yaml": "answers them with the trained model",
    "chat.yaml": "chats in the terminal",
    "api.yaml": "serves an OpenAI-style API",
    "export.yaml": "writes one whole model",
}


@dataclass(frozen=True)
class RunSteps:
    """The command lines of a run by purpose."""

    before: list[str]
    train: str
    predict: list[str]
    after: list[str]
    serve: list[str]
    export: list[str]


def plan_steps(
    choice: RecipeChoice, chosen: Sequence[Preset], common: SharedSettings, predicts: bool
) -> RunSteps:
    """Return the command lines of a set; `predicts` says whether it has predict files."""
    train = os.path.join(choice.out, "train.yaml")
    predict = [
        format_command("train", os.path.join(choice.out, f"predict_{name}.yaml"))
        for name in ("base", "tuned")
    ]
    api = format_command("api", os.path.join(choice.out, "api.yaml"))
    chat = format_command("chat", os.path.join(choice.out, "chat.yaml"))
    proofs = _PROOFS.get(common.train.get("stage", "sft"), _EVERY)
    return RunSteps(
        before=[
            *merge_first.list_commands(choice),
            *(f"lf-qwen3 {proof} {shlex.quote(train)}" for proof in proofs),
        ],
        train=presets.launch_command(chosen, train),
        predict=predict if predicts else [],
        after=[f"lf-qwen3 evaluate {shlex.quote(choice.out)}"] if predicts else [],
        serve=[*([chat] if common.answers else []), f"API_HOST=127.0.0.1 API_PORT=8000 {api}"],
        export=export_commands(choice, common.train),
    )


def export_commands(choice: RecipeChoice, train: Mapping[str, Any]) -> list[str]:
    """Return the lines that write one whole model: one more where two embeddings come out of one."""
    untie = f"lf-qwen3 recipe untie {shlex.quote(os.path.join(choice.out, MERGED))}"
    export = format_command("export", os.path.join(choice.out, "export.yaml"))
    return [export, untie] if shared.splits_tied(train) else [export]


def render_run_book(
    choice: RecipeChoice, common: SharedSettings, chosen: Sequence[Preset], rows: str | None, steps: RunSteps
) -> str:
    """Return RUN.md; `rows` is the dataset that the predict files answer, None if there are none."""
    train = common.train
    return render_page(
        "RUN.md",
        choice,
        train=train,
        method=name_method(dict(train)),
        held_out=train.get("eval_dataset") or f"{train.get('val_size', 0)} of its rows, drawn at random",
        rows=rows,
        answering=common.answering,
        chosen=chosen,
        steps=steps,
        needs_key=train.get("use_swanlab") and train.get("swanlab_mode", "cloud") == "cloud",
        scaled=[preset for preset in chosen if _scales(preset)],
        ways=_ways(os.path.join(choice.out, "train.yaml")),
        is_lora=shared.is_lora(train),
        splits_tied=shared.splits_tied(train),
        is_quantised=bool(common.quantised.get("quantization_bit")),
        board_folder=board.FOLDER,
        board_file=board.file_name(choice),
        answers=common.answers,
        proofs=_PROOFS.get(train.get("stage", "sft"), _EVERY),
        listed=_listed(choice, rows, common.answers),
    )


def render_page(name: str, choice: RecipeChoice, **values: Any) -> str:
    """Return a page made from recipes/books/NAME.j2, where `at` gives a path below --out."""
    template = _environment(assets.folder("recipes") / "books").get_template(f"{name}.j2")
    text = template.render(choice=choice, at=lambda file: os.path.join(choice.out, file), **values)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"


@cache
def _environment(folder: Path) -> Environment:
    """Return what makes the pages of a folder; it compiles each once."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = shlex.quote
    return environment


def _scales(preset: Preset) -> bool:
    return bool(preset.environment or preset.launch or preset.files)


def _ways(train: str) -> list[tuple[str, str]]:
    """Return what each preset for more than one GPU is, and its launch line where it needs nothing else."""
    return [
        (
            preset.summary,
            f"`recipe new` with `--preset {preset.name}`"
            if preset.train or preset.files
            else f"`{presets.launch_command([preset], train)}`",
        )
        for preset in presets.list_presets()
        if _scales(preset)
    ]


def _listed(choice: RecipeChoice, rows: str | None, answers: bool) -> list[tuple[str, str]]:
    gone = [
        *([] if rows else ["predict"]),
        *([] if answers else ["chat"]),
        *([] if choice.merge else ["merge"]),
    ]
    return [(name, does) for name, does in _ABOUT.items() if not name.startswith(tuple(gone) or ("/",))]
