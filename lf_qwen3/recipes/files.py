"""The texts of a set: each YAML with its opening comment, and what is beside them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lf_qwen3.data.registry import fingerprint
from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.recipes import (
    Recipe,
    adapt,
    board,
    commented,
    merge_first,
    name_method,
    needs,
    predict,
    run_book,
    serving,
    shared,
)
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.commented import Sections
from lf_qwen3.recipes.document import YamlDocument
from lf_qwen3.recipes.presets import Preset
from lf_qwen3.recipes.run_book import RunSteps
from lf_qwen3.recipes.shared import SharedSettings

ANSWERING_TOO = (shared.BATCH, predict.ROWS)
"""Keys of training that hold for predicting as well when they are set by hand."""


def render_yamls(
    choice: RecipeChoice,
    recipe: Recipe,
    document: YamlDocument,
    common: SharedSettings,
    rows: str | None,
    own: Mapping[str, Any],
    launch: str,
) -> dict[str, tuple[dict[str, Any], str]]:
    """Return the settings and the text of every YAML for the trainer, by file name.

    `rows` is the dataset to answer, None to write no predict files; `own` what the user set for serving,
    `launch` the line that starts the training.
    """
    document.header = _header(recipe, choice, common.train, launch)
    made = {"train.yaml": (dict(common.train), document.text())}
    for name, what, sections, comments in _generating(choice, common, rows, own):
        stage = name.partition(".")[0].partition("_")[0]
        path = os.path.join(choice.out, name)
        commands = [commented.format_command("train" if stage == "predict" else stage, path)]
        if stage == "export":
            commands = run_book.export_commands(choice, common.train)
        if stage == "merge":
            commands = merge_first.list_commands(choice)
        text = commented.format_yaml(commented.format_opening(what, *commands), sections, comments)
        made[name] = (commented.flatten(sections), text)
    return made


def render_other_files(
    choice: RecipeChoice, chosen: Sequence[Preset], common: SharedSettings, rows: str | None, steps: RunSteps
) -> dict[Path, str]:
    """Return the other files by path: the board's arguments, the run book, and what the presets need."""
    out = Path(choice.out)
    texts = {file.name: file.read_text("utf-8") for preset in chosen for file in preset.files}
    texts[board.file_name(choice)] = board.render_arguments(common.train, choice)
    texts["RUN.md"] = run_book.render_run_book(choice, common, chosen, rows, steps)
    return {out / name: text for name, text in texts.items()}


def _generating(
    choice: RecipeChoice, common: SharedSettings, rows: str | None, own: Mapping[str, Any]
) -> list[tuple[str, str, Sections, dict[str, str]]]:
    """Return file name, first line, sections and comments of every YAML but train.yaml."""
    out = choice.out
    yamls = _predicting(choice, common, rows) if rows else []
    by_hand = dict.fromkeys(own, adapt.BY_HAND)
    talking = serving.build_chat(common, own)
    merged = serving.build_export(common, os.path.join(out, run_book.MERGED), own)
    if choice.merge:
        start = merge_first.build_merge(choice.merge, common, own)
        yamls.insert(
            0,
            (
                merge_first.FILE,
                merge_first.ABOUT,
                start,
                {"export_dir": "the training starts from this model"} | by_hand,
            ),
        )
    comments = _comments(common) | by_hand
    yamls += [
        ("chat.yaml", "Chat in the terminal with the model that train.yaml trained.", talking, comments),
        ("api.yaml", "Serve the model that train.yaml trained as an OpenAI-style API.", talking, comments),
        (
            "export.yaml",
            "Export the model that train.yaml trained as one whole model.",
            merged,
            _exporting(common) | by_hand,
        ),
    ]
    return [entry for entry in yamls if common.answers or entry[0] != "chat.yaml"]


def _predicting(
    choice: RecipeChoice, common: SharedSettings, rows: str
) -> list[tuple[str, str, Sections, dict[str, str]]]:
    """Return predict_base.yaml and predict_tuned.yaml."""
    runs = [
        ("base", "the model before training", common.base),
        ("tuned", "the model that train.yaml trained", common.tuned),
    ]
    comments = list_predict_comments(common)
    yamls: list[tuple[str, str, Sections, dict[str, str]]] = []
    for name, what, weights in runs:
        sections = predict.build_sections(common, weights, rows, os.path.join(choice.out, f"predict_{name}"))
        yamls.append((f"predict_{name}.yaml", f"Answer {rows} with {what}.", sections, comments))
    return yamls


def list_predict_comments(common: SharedSettings) -> dict[str, str]:
    """Return the comments of a predict file that depend on the choice; "" leaves a key without."""
    return {key: text for key, text in _comments(common).items() if text != serving.CHAT_COMMENTS.get(key)}


def _comments(common: SharedSettings) -> dict[str, str]:
    """Return the comments that depend on the choice: on thinking, and on values that are not Qwen's."""
    comments = dict(serving.CHAT_COMMENTS)
    usual = shared.share_settings(common.train, common.mode).answering
    comments |= {key: "" for key in usual if common.answering[key] != usual[key]}
    if common.mode == "non-thinking":
        comments["do_sample"] = "sample each token; false is greedy decoding"
    if not shared.is_lora(common.train):
        comments["model_name_or_path"] = "the model that is loaded"
    return comments


def _exporting(common: SharedSettings) -> dict[str, str]:
    comments = dict(serving.EXPORT_COMMENTS)
    if not common.quantised:
        comments.pop("model_name_or_path")
    return comments


def _header(recipe: Recipe, choice: RecipeChoice, train: Mapping[str, Any], launch: str) -> list[str]:
    """Return the opening comment of train.yaml; what the recipe needs is said for its own model only."""
    what = f"{train['model_name_or_path']}, {name_method(dict(train))}, on {train['dataset']}."
    header = commented.format_opening(what, launch)
    header[3:3] = [
        f"# Made from the recipe {recipe.name} by `lf-qwen3 recipe new`. RUN.md beside this file holds all",
        "# commands in their order, to be run in the folder where it was written.",
    ]
    same = ("model_name_or_path", "finetuning_type", "quantization_bit")
    checkpoint = checkpoints.find_checkpoint(str(train["model_name_or_path"]))
    if checkpoint and all(train.get(key) == recipe.settings.get(key) for key in same):
        lines = needs.describe_needs(recipe.settings, checkpoint, needs.are_experts_layers())
        header += ["#", *(f"# {line}" for line in lines)]
    names = str(train["dataset"]).split(",")
    return [*header, *fingerprint.describe_data(Path(choice.dataset_dir), names)]
