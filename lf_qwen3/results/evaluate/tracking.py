"""Log an evaluation to the SwanLab project of its training.

SwanLab prints on stdout, keeps what the process prints and asks for a key where it finds none. So it runs
in a separate process, which has no one to ask: `python -m lf_qwen3.results.evaluate.tracking REQUEST.json`.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.compare import Comparison

SECONDS = 300
_MODES = {"cloud": "online", "local": "local", "offline": "offline", "disabled": "disabled"}
_PROJECT = "llamafactory"  # the trainer's own default (hparams/finetuning_args.py)


def log(settings: Mapping[str, Any], comparison: Comparison, page: Path) -> str:
    """Log every score of every run, and the report as a page with its charts; return where it went.

    `settings` are those of train.yaml: project, workspace, mode and log folder are taken from there, a key
    never: SWANLAB_API_KEY or `swanlab login` give it. Raises `LfQwen3Error` where SwanLab is missing or
    fails.
    """
    if importlib.util.find_spec("swanlab") is None:
        raise LfQwen3Error("swanlab is not installed", "run: pip install swanlab", code="extra_missing")
    order = request(settings, comparison, page)
    with tempfile.TemporaryDirectory(prefix="lf-qwen3-swanlab-") as folder:
        file = Path(folder) / "request.json"
        file.write_text(json.dumps(order), "utf-8")
        try:
            ran = subprocess.run(
                [sys.executable, "-m", "lf_qwen3.results.evaluate.tracking", str(file)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise LfQwen3Error(
                f"SwanLab did not answer in {SECONDS} seconds", "try again later", code="tracker_failed"
            ) from error
    if ran.returncode:
        reason = (ran.stderr.strip() or ran.stdout.strip() or "it printed nothing").splitlines()[-1]
        raise LfQwen3Error(
            f"SwanLab failed: {reason}",
            "log in with `swanlab login`, or set swanlab_mode: local in train.yaml",
            code="tracker_failed",
        )
    init: Mapping[str, Any] = order["init"]
    place = "" if init["mode"] == "online" else f", in {init['log_dir'] or 'swanlog'}"
    return f"project {init['project']}, run {init['name']}{place}"


def request(settings: Mapping[str, Any], comparison: Comparison, page: Path) -> dict[str, Any]:
    """Return what the process is asked to log: how to begin, the scores by name, the page."""
    name = str(settings.get("swanlab_run_name") or Path(str(settings.get("output_dir") or "run")).name)
    init = {
        "project": settings.get("swanlab_project") or _PROJECT,
        "workspace": settings.get("swanlab_workspace"),
        "name": f"{name} evaluation",
        "mode": _MODES.get(str(settings.get("swanlab_mode") or "cloud"), "online"),
        "log_dir": settings.get("swanlab_logdir"),
        "job_type": "evaluate",
        "tags": ["lf-qwen3"],
        "config": {"runs": {run.name: str(run.path) for run in comparison.runs}, "rows": comparison.rows},
    }
    return {"init": init, "scores": scores(comparison), "page": str(page)}


def scores(comparison: Comparison) -> dict[str, float]:
    """Return every score by name: answer/rouge-l/tuned, and answer/rouge-l/tuned-base for the difference."""
    named: dict[str, float] = {}
    for pair in comparison.pairs:
        for key, difference in pair.differences["all"].items():
            values = {
                pair.base: difference.base,
                pair.other: difference.other,
                f"{pair.other}-{pair.base}": difference.value,
            }
            named |= {f"{key}/{run}": value for run, value in values.items() if value is not None}
    return named


def main(file: Path) -> None:
    """Log one request; runs in the process that `log` starts."""
    order = json.loads(file.read_bytes())
    swanlab: Any = importlib.import_module("swanlab")
    swanlab.init(**{key: value for key, value in order["init"].items() if value is not None})
    swanlab.log(order["scores"])
    swanlab.log({"report": swanlab.Html(Path(order["page"]))})
    swanlab.finish()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
