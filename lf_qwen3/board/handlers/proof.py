"""Section Proof: hold data against settings, and see a record as the model will."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board.handlers import places, tokenizers
from lf_qwen3.board.handlers.train_tab import NAME, told_of, yaml_of
from lf_qwen3.board.jobs import Tell, TellProgress
from lf_qwen3.trainer.render import NAMES as TEMPLATES

PLACES = 5
"""Places shown of each finding."""

RECIPE = {"template": "qwen3", "enable_thinking": None, "mask_history": True}
"""The settings of our recipes that decide how a record is fed."""


def request(
    dataset_dir: str, names: list[str], settings: Mapping[str, Any], tokenizer: str = "", model: str = ""
) -> dict[str, Any]:
    """Return what `check` and `preview` are asked for; the settings are those of a training YAML.

    Datasets that are named win over the settings' own. Raises `UsageError` for a folder outside the roots,
    and where no dataset is named at all.
    """
    places.require_inside(dataset_dir)
    of_settings = [one for one in str(settings.get("dataset") or "").split(",") if one]
    chosen = names or of_settings
    if not chosen:
        raise UsageError("no dataset is chosen", "choose one here, or in the Train tab")
    return {
        "dataset_dir": dataset_dir,
        "names": chosen,
        "settings": {**settings, "dataset": ",".join(chosen), "dataset_dir": dataset_dir},
        "tokenizer": tokenizer,
        "model": model,
    }


def preview_request(asked: Mapping[str, Any], row: float | None) -> dict[str, Any]:
    """Return what `preview` is asked for beyond `request`: one row, counted from 1.

    Raises `UsageError` for a row that is none, and for a template that no Qwen3 has.
    """
    number = int(row or 1)
    if number < 1:
        raise UsageError(f"there is no row {number}", "rows are counted from 1")
    template = asked["settings"].get("template")
    if template not in TEMPLATES:
        raise UsageError(
            f"the chat template chosen at the top is '{template}', which no Qwen3 has",
            f"choose a Qwen3 model or the template {' or '.join(TEMPLATES)} there, "
            "or take the recipes' settings",
        )
    return {**asked, "row": number}


def check(asked: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Check datasets under settings; runs in a process of its own.

    Returns {"codes": [{"code", "severity", "count", "message", "hint", "places": [(place, detail)]}],
    "summary"}, the summary as `lf-qwen3 check --json` has it. Raises what `checking.check` raises.
    """
    from lf_qwen3.proof import check as checking

    place, why = tokenizers.find_or_say(asked["tokenizer"], asked["model"])
    with yaml_of(asked["settings"]) as config:
        report = checking.check(
            asked["dataset_dir"],
            asked["names"],
            config=config,
            tokenizer=place,
            progress=TellProgress(tell),
        )
    codes = [
        {
            "code": code,
            "message": found[0].what,
            "severity": found[0].severity,
            "count": report.counts[code],
            "hint": found[0].cure,
            "places": [(_place(one, config), one.detail) for one in found[:PLACES]],
        }
        for code, found in report.by_code()
    ]
    summary = report.summary()
    return {"codes": codes, "summary": summary | {"notes": summary["notes"] + [why] * bool(why)}}


def preview(asked: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Render one record as it is fed; runs in a process of its own.

    Returns what `lf-qwen3 preview --json` prints, without ids and labels, and `cutoff_len`. Raises what
    `preview.preview` raises.
    """
    from lf_qwen3.proof import preview as previewing

    tell("rendering", 0, 0)
    place = tokenizers.find(asked["tokenizer"], asked["model"])
    with yaml_of(asked["settings"]) as config:
        try:
            found = previewing.preview(
                asked["names"][0],
                dataset_dir=asked["dataset_dir"],
                tokenizer=place,
                config=config,
                row=asked["row"],
            )
        except LfQwen3Error as error:
            raise told_of(error, config) from error
    shown = previewing.summarise_preview(found)
    for rendering in (one for row in shown["rows"] for one in row["renderings"]):
        del rendering["input_ids"], rendering["labels"]
    return shown | {"cutoff_len": found.template.cutoff_len}


def _place(finding: Any, config: Path) -> str:
    if finding.file == str(config):
        return NAME
    return finding.file if finding.row is None else f"{finding.file}:{finding.row:,}"
