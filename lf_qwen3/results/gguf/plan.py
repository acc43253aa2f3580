"""The plan of a GGUF: the run, its base and adapters, the rows to measure on, where the files go."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.recipes import serving, shared
from lf_qwen3.recipes.commented import flatten
from lf_qwen3.recipes.shared import SharedSettings
from lf_qwen3.recipes.splits import choose_answered, find_splits
from lf_qwen3.results.diagnose import reading

FOLDER = "gguf"
"""Below the run, where --out names no other."""

BITS = {"F16": 16.0, "Q8_0": 8.5, "Q6_K": 6.6}
"""Bits a weight, for the disk; 5.7 for any smaller type."""

_MODEL_FILE = re.compile(
    r"(adapter_|pytorch_)?(model|config)|generation_config|tokenizer|chat_template|vocab|merges"
)


@dataclass(frozen=True, slots=True)
class GgufPlan:
    """A trained run and what is to be made of it.

    `base` is the local folder of the model before training; `adapters` are the folders laid over it, the
    trained one last, none after a full fine-tune, whose weights are in `tuned`. `rows` is the registered
    dataset to measure on, `notes` say why it is that. `kind` is the type of the file that is wanted.
    """

    name: str
    out: Path
    base: Path
    tuned: Path
    adapters: tuple[Path, ...]
    common: SharedSettings
    rows: str
    notes: tuple[str, ...]
    kind: str

    @property
    def merged(self) -> Path:
        """The folder of the merged model."""
        return self.out / "merged"

    def file(self, kind: str) -> Path:
        """Return the file of a type; it has this name once it has passed every test."""
        return self.out / f"{self.name}-{kind}.gguf"

    def untested(self, kind: str) -> Path:
        """Return the name of a file of a type until then."""
        return self.out / f"untested-{kind}.gguf"

    def export_settings(self, folder: Path) -> dict[str, Any]:
        """Return the settings of the export, in float16: bfloat16 has 8 times coarser steps.

        A delta that is weak beside the weights is lost in them.
        """
        settings = flatten(serving.build_export(self.common, str(folder), {}))
        models = {"model_name_or_path": str(self.base if self.adapters else self.tuned)}
        adapters = {"adapter_name_or_path": ",".join(map(str, self.adapters))} if self.adapters else {}
        return settings | models | adapters | {"infer_dtype": "float16"}


def plan_gguf(run_dir: Path, kind: str, out: Path | None, dataset: str) -> GgufPlan:
    """Read the run in `run_dir`: a recipe's folder, or the trainer's output_dir.

    Raises `UsageError` for what is not a finished run of a model that answers, or has no rows to measure on.
    """
    run, _ = reading.read_run(run_dir)
    if not run.settings or not run.has_weights:
        raise UsageError(
            f"{run.folder} has no {'weights' if run.settings else 'settings'}",
            "name the folder of recipe new after the training, or the trainer's output_dir",
            code="weights_missing" if run.settings else "no_settings",
        )
    train = {**run.settings, "output_dir": str(run.folder)}
    splits = find_splits(_first(train.get("dataset")), str(train.get("dataset_dir") or "data"))
    rows, notes = choose_answered(splits, dataset)
    if rows is None or train.get("stage") == "rm":
        raise UsageError(
            f"{splits.train} has no answers whose likelihood can be measured",
            "name a registered dataset of questions and answers: --dataset NAME",
            code="dataset_not_answerable",
        )
    mode = shared.choose_mode(train, (), splits.conversion.thinking if splits.conversion else None)
    common = shared.share_settings(train, mode)
    adapters = _adapters(common)
    home = run_dir if (run_dir / reading.RECIPE).is_file() else run.folder
    return GgufPlan(
        name=re.sub(r"[^\w.-]", "_", home.absolute().name),
        out=out or home / FOLDER,
        base=_find_base(str(train["model_name_or_path"])),
        tuned=run.folder,
        adapters=adapters,
        common=common,
        rows=rows,
        notes=(*notes, *_note_other_base(str(train["model_name_or_path"]), adapters)),
        kind=kind,
    )


def require_room(plan: GgufPlan, kinds: list[str]) -> None:
    """Raise `LfQwen3Error` where the disk cannot take what is still to be written."""
    weights = count_weights(plan.base)
    missing = [kind for kind in kinds if not (plan.file(kind).exists() or plan.untested(kind).exists())]
    needed = sum(int(weights * BITS.get(kind, 5.7) / 8) for kind in missing)
    needed += 0 if plan.merged.exists() else weights * 2
    plan.out.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(plan.out).free
    if free < needed:
        raise LfQwen3Error(
            f"the disk of {plan.out} has {free / 1e9:.1f} GB free, but {needed / 1e9:.1f} GB are needed",
            "make room, or name a folder on another disk: --out DIR",
            code="disk_full",
        )


def count_weights(folder: Path) -> int:
    """Return how many weights a model's folder holds, going by the size of its files."""
    total = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    text = (folder / "config.json").read_text("utf-8")
    return total // (4 if '"float32"' in text else 2)


def fingerprint(folder: Path) -> list[tuple[str, int, int]]:
    """Return name, size and time (ns) of the files that make a model what it is."""
    stats = [(file.name, file.stat()) for file in folder.iterdir() if _MODEL_FILE.match(file.name)]
    return sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def _find_base(named: str) -> Path:
    folder = tokenizer_files.find(named)
    if not any(folder.glob("*.safetensors")):
        raise UsageError(
            f"{folder} has no weights of {named}",
            "name a folder, or a hub id in a local cache: the training has downloaded its weights",
            code="weights_missing",
        )
    return folder


def _adapters(common: SharedSettings) -> tuple[Path, ...]:
    named = common.tuned.get("adapter_name_or_path")
    return tuple(map(Path, str(named).split(","))) if named else ()


def _note_other_base(named: str, adapters: tuple[Path, ...]) -> Iterator[str]:
    """Say where an adapter names another model than the run; a cache writes Qwen3-0.6B as Qwen3-0___6B."""

    def plain(name: str) -> str:
        return re.sub(r"[\W_]", "", name).lower()

    for adapter in adapters:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            config = json.loads((adapter / "adapter_config.json").read_bytes())
            trained_on = str(config.get("base_model_name_or_path") or named)
            parts = [plain(part.rpartition("--")[2]) for part in Path(trained_on).parts]
            if plain(Path(named).name) not in parts:
                yield f"{adapter} says that it was trained on {trained_on}, and train.yaml names {named}"


def _first(names: Any) -> str:
    listed = names if isinstance(names, list) else str(names or "").split(",")
    return str(listed[0]).strip()


def describe_plan(plan: GgufPlan) -> Mapping[str, Any]:
    """Return what the report says of the plan."""
    return {
        "name": plan.name,
        "base": str(plan.base),
        "tuned": str(plan.tuned),
        "adapters": [str(adapter) for adapter in plan.adapters],
        "mode": plan.common.mode,
        "rows_of": plan.rows,
    }
