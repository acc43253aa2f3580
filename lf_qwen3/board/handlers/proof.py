"""Section Proof: check data under settings, and show a record as the model will read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import Progress, Status
from lf_qwen3.board.handlers import places, record_marks, tokenizers
from lf_qwen3.board.handlers.train_tab import NAME, written_yaml
from lf_qwen3.board.texts import warning_shown
from lf_qwen3.trainer.render import NAMES as TEMPLATES

PLACES = 5
"""Places shown of each finding."""

RECIPE = {"template": "qwen3", "enable_thinking": None, "mask_history": True}
"""The settings of our recipes that decide how a record is fed."""

HYBRID = "Qwen/Qwen3-4B"
"""The model that data are checked for where none is chosen yet: the one whose template is qwen3."""

LONGEST = 20_000
"""Characters shown of one piece of a record."""


def request(
    dataset_dir: str,
    names: list[str],
    settings: Mapping[str, Any],
    tokenizer: str = "",
    model: str = "",
    is_demo: bool = False,
) -> dict[str, Any]:
    """Return the request for `check` and `preview`; the settings are those of a training YAML.

    Datasets that are named win over the settings' own. In demo mode nothing is kept for section Records.
    Raises `UsageError` for a folder outside the roots, and where no dataset is named at all.
    """
    places.require_inside(dataset_dir)
    chosen = names or [name for name in str(settings.get("dataset") or "").split(",") if name]
    if not chosen:
        raise UsageError(
            "no dataset is selected", "select one here, or in the Train tab", code="nothing_chosen"
        )
    return {
        "dataset_dir": dataset_dir,
        "names": chosen,
        "settings": {**settings, "dataset": ",".join(chosen), "dataset_dir": dataset_dir},
        "tokenizer": tokenizer,
        "model": model,
        "is_kept": not is_demo,
    }


def preview_request(asked: Mapping[str, Any], row: float | None) -> dict[str, Any]:
    """Return the request for `preview` beyond `request`: one row, counted from 1.

    Raises `UsageError` for a row that is none, and for a template that no Qwen3 has.
    """
    number = 1 if row is None else int(row)
    if number < 1:
        raise UsageError(f"there is no row {number}", "rows count from 1", code="row_missing")
    template = asked["settings"].get("template")
    if template not in TEMPLATES:
        raise UsageError(
            f"the chat template at the top is '{template}', which is not a Qwen3 chat template",
            f"select a Qwen3 model or the template {' or '.join(TEMPLATES)} there, or use the "
            "settings of the recipes",
            code="not_a_qwen3_template",
        )
    return {**asked, "row": number}


def check(asked: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Check datasets under settings; in a separate process. Raises what the library's `check` raises.

    Returns the summary of `lf-qwen3 check --json`, its notes for `Texts.warning`, and of all findings of each
    code severity, count, message, hint, the first `places` as (place, detail), and the datasets that have
    such rows. A template that is not the model's is first: it spoils every record.
    """
    from lf_qwen3.base.worker_pool import count_workers
    from lf_qwen3.proof import check as checking

    tokenizer, notes = tokenizers.find_or_explain(asked["tokenizer"], asked["model"])
    settings = {
        **asked["settings"],
        "model_name_or_path": asked["settings"].get("model_name_or_path") or HYBRID,
    }
    with written_yaml(settings) as config:
        report = checking.check(
            asked["dataset_dir"],
            asked["names"],
            config=config,
            tokenizer=tokenizer,
            ask_trainer=False,
            workers=count_workers(),
            progress=progress,
        )
    if asked["is_kept"]:
        record_marks.keep(report)
    summary = report.summary()
    return {
        "codes": [
            {
                "code": code,
                "severity": findings[0].severity,
                "count": report.counts[code],
                "message": findings[0].what,
                "hint": findings[0].cure,
                "places": [(_place(finding, config), _detail(finding)) for finding in findings[:PLACES]],
                "datasets": [
                    name
                    for name, files in report.lengths.items()
                    if any(finding.row and finding.file in files for finding in findings)
                ],
            }
            for code, findings in sorted(report.by_code(), key=lambda found: found[0] != "template_unfit")
        ],
        "summary": summary | {"notes": list(map(warning_shown, [*summary["notes"], *notes]))},
    }


def preview(asked: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Render one record as it is fed; in a separate process. Raises what the library's `preview` raises.

    Returns the settings and the `rows` (`show_row`).
    """
    from lf_qwen3.proof import preview as previewing

    progress.update(Status("rendering"))
    tokenizer = tokenizers.find_tokenizer(asked["tokenizer"], asked["model"])
    with written_yaml(asked["settings"]) as config:
        result = previewing.preview(
            asked["names"][0],
            dataset_dir=asked["dataset_dir"],
            tokenizer=tokenizer,
            config=config,
            row=asked["row"],
        )
    summary = previewing.summarise_preview(result)
    options = (f"{key}: {json.dumps(option['value'])}" for key, option in summary["options"].items())
    return {
        "options": ", ".join(options),
        "cutoff_len": result.template.cutoff_len,
        "unofficial": summary["unofficial"],
        "rows": [show_row(row) for row in summary["rows"]],
    }


def show_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of `lf-qwen3 preview --json` as it is shown: no ids, texts without end cut short.

    `renderings` are figures and pieces of text with their loss mask; `official` is the rendering of the
    official chat template, and where it leaves the trainer's.
    """
    official = row["official"]
    return {
        "file": row["file"],
        "row": row["row"],
        "problem": row["problem"],
        "renderings": [
            {
                **{key: rendering[key] for key in ("side", "tokens", "lost_end")},
                "pieces": [
                    {"mask": _mask(piece), "part": piece["part"], "text": shorten(piece["text"])}
                    for piece in rendering["segments"]
                ],
            }
            for rendering in row["renderings"]
        ],
        "official": official and _official(official),
    }


def shorten(text: str) -> str:
    """Return a text without its middle where it is longer than `LONGEST`."""
    half = LONGEST // 2
    if len(text) <= LONGEST:
        return text
    return f"{text[:half]}\n[… {len(text) - 2 * half:,} …]\n{text[-half:]}"


def _official(official: Mapping[str, Any]) -> dict[str, Any]:
    difference = official["difference"] or {"character": 0, "at": 0, "turn": 0, "refused": ""}
    text, at = official["text"] if official["difference"] else "", difference["character"]
    return {
        "same": official["same"],
        "tokens": official["tokens"],
        "refused": difference["refused"],
        "before": shorten(text[:at]),
        "after": shorten(text[at:]),
        "token": difference["at"] + 1,
        "turn": difference["turn"] + 1,
    }


def _mask(piece: Mapping[str, Any]) -> str:
    return "lost" if piece["lost"] else "learnt" if piece["learnt"] else "masked"


def _detail(finding: Any) -> str:
    """Return what is wrong here, with the cure where each setting has its own."""
    has_own_cure = finding.code in ("yaml_key", "yaml_spelling", "trainer_refuses")
    return f"{finding.detail}; {finding.cure}" if has_own_cure else finding.detail


def _place(finding: Any, config: Path) -> str:
    if finding.file == str(config):
        return NAME
    return finding.file if finding.row is None else f"{finding.file}:{finding.row:,}"
