"""The predictions of the trained model that are beside a run, and the share of each defect in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.qwen3 import tokenizer_files as tokenizers
from lf_qwen3.results.diagnose import folders
from lf_qwen3.results.diagnose.training_run import Answers
from lf_qwen3.results.score import defects, predictions, setting
from lf_qwen3.results.score.lengths import find_cuts
from lf_qwen3.results.score.result import DEFECTS
from lf_qwen3.results.score.rows import split_prediction
from lf_qwen3.trainer import yaml_reader


def find(place: Path, yaml: Path | None) -> tuple[Answers | None, list[str]]:
    """Return what the model of the run in `place` wrote, and a note where it cannot be read.

    Predictions are looked for in `place` itself, then where a predict YAML that is beside the training YAML
    and loads this run writes them.
    """
    for folder in [place, *_outputs(place, yaml)]:
        file = folder / predictions.FILE
        if file.is_file():
            try:
                return _measured(file)
            except LfQwen3Error as error:
                return None, [f"the predictions were left out: {error.message}"]
    return None, []


def _outputs(place: Path, yaml: Path | None) -> list[Path]:
    """Return the output folders of the predict YAMLs beside `yaml` that load the weights in `place`."""
    folders_found: list[Path] = []
    for file in sorted(yaml.parent.glob("*.yaml")) if yaml else []:
        try:
            settings = yaml_reader.read(file).settings
        except LfQwen3Error:
            continue
        loaded = [settings.get("adapter_name_or_path"), settings.get("model_name_or_path")]
        output = folders.beside(file.parent, settings.get("output_dir"))
        if settings.get("do_predict") and output and any(_is(file.parent, named, place) for named in loaded):
            folders_found.append(output)
    return folders_found


def _is(folder: Path, named: object, place: Path) -> bool:
    meant = folders.beside(folder, named)
    return meant is not None and meant.resolve() == place.resolve()


def _measured(file: Path) -> tuple[Answers, list[str]]:
    """Return the share of each defect, and notes; the similarity, which takes long, is left alone."""
    rows = predictions.read(file)
    known = setting.find_setting(file)
    parts = [split_prediction(row) for row in rows]
    flags = [defects.find_flags(row, *both) for row, both in zip(rows, parts, strict=True)]
    guesses = [defects.looks_cut(predict) for predict, _ in parts]
    tokenizer = tokenizers.load(known.tokenizer) if known.tokenizer else None
    _, cut = find_cuts(rows, guesses, tokenizer, known.max_new_tokens)
    flags_by_defect = {name: [row_flags.get(name) for row_flags in flags] for name in DEFECTS} | {"cut": cut}
    rates = {name: _share(values) for name, values in flags_by_defect.items()}
    return Answers(file, len(rows), rates), known.unreadable


def _share(flags: Sequence[bool | None]) -> float:
    counted = [flag for flag in flags if flag is not None]
    return sum(counted) / len(counted) if counted else 0.0
