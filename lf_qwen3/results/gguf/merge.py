"""Step 1: merge by the trainer's own export, then prove from the weights that it merged this adapter.

Tensors are read one at a time, so that no model has to fit into memory twice.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.files import write_text
from lf_qwen3.base.progress import Progress
from lf_qwen3.qwen3.embeddings import EMBEDDING, HEAD, untie_embeddings
from lf_qwen3.results.gguf.adapters import LoraAdapter, read_adapter
from lf_qwen3.results.gguf.limits import MOST_DELTA_ERROR
from lf_qwen3.results.gguf.plan import GgufPlan
from lf_qwen3.results.gguf.steps import staged
from lf_qwen3.trainer import process


def merge(plan: GgufPlan, progress: Progress) -> dict[str, Any]:
    """Write the merged model and return the proof. Raises `LfQwen3Error` where it is not the tuned model."""
    with staged(plan.merged) as folder:
        yaml = plan.out / "export.yaml"
        write_text(yaml, json.dumps(plan.export_settings(folder), indent=2) + "\n")
        process.export(yaml, plan.out / "export.log", progress)
        is_untied = untie_embeddings(folder)
        return prove_merge(plan, folder) | {"untied": is_untied}


def prove_merge(plan: GgufPlan, folder: Path) -> dict[str, Any]:
    """Compare every tensor of a merged model with the base and what the adapters add to it.

    Raises `LfQwen3Error`: "weights_not_finite", "not_merged", "merged_elsewhere" for tensors that changed
    without being a target, "adapter_empty", "other_adapter" where something else was added, "other_base"
    where the base lacks what the adapter is for, "precision_eats_adapter".
    """
    adapters = [read_adapter(path) for path in plan.adapters]
    with ExitStack() as stack:
        base, merged = (TensorFolder(place, stack) for place in (plan.base, folder))
        whole = None if adapters else TensorFolder(plan.tuned, stack)
        targets = merged.names if whole else set().union(*(adapter.list_targets() for adapter in adapters))
        if strange := sorted(targets - merged.names):
            raise LfQwen3Error(
                f"the adapter is for another model: there is no {strange[0]} in {plan.base}",
                "name the base that it was trained on as model_name_or_path in train.yaml",
                code="other_base",
            )
        if missing := sorted(base.names - merged.names - {HEAD}):
            raise LfQwen3Error(
                f"the merged model lacks {missing[0]} and {len(missing) - 1} more tensors",
                f"see the trainer's output: {plan.out / 'export.log'}",
                code="weights_missing",
            )
        rows = [
            _compare(name, base, merged, adapters, whole) | {"target": name in targets}
            for name in sorted(merged.names)
        ]
    return _judge([row for row in rows if row])


_OTHER = 0.7
"""From this relative error on it is another adapter (1.4 for one of the same size), not coarse rounding."""


class TensorFolder:
    """The tensors of a model's folder, by name."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        open_file: Any = importlib.import_module("safetensors").safe_open
        files = [stack.enter_context(open_file(path, "pt")) for path in sorted(folder.glob("*.safetensors"))]
        self._files = {name: file for file in files for name in file.keys()}  # noqa: SIM118
        self.names = set(self._files)

    def read(self, name: str) -> Any:
        """Return a tensor; the head of a tied model is its embedding."""
        key = EMBEDDING if name == HEAD and HEAD not in self.names else name
        return self._files[key].get_tensor(key)


def _compare(
    name: str,
    base: TensorFolder,
    merged: TensorFolder,
    adapters: list[LoraAdapter],
    whole: TensorFolder | None,
) -> dict[str, Any]:
    """Return what became of one tensor."""
    torch: Any = importlib.import_module("torch")
    before, after = base.read(name), merged.read(name)
    row: dict[str, Any] = {"name": name, "finite": bool(torch.isfinite(after).all())}
    row["same"] = (
        float((before.to(after.dtype) == after).float().mean()) if before.shape == after.shape else 0.0
    )
    wanted = before.float()
    for adapter in adapters:
        wanted = adapter.apply(name, wanted)
    if whole is not None:
        wanted = whole.read(name).float()
    delta = wanted - before.float()
    length = float(delta.norm())
    row["error"] = float((after.float() - wanted).norm()) / length if length else 0.0
    row["moves"] = bool(length)
    return row


def _judge(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Raise for the first thing that is wrong, else return the figures."""
    targets = [row for row in rows if row["target"] and row["moves"]]
    others = [row for row in rows if not row["target"]]
    unchanged = [row["name"] for row in targets if row["same"] == 1]
    worst = max(targets, key=lambda row: row["error"], default=None)
    same = sum(row["same"] for row in targets) / max(1, len(targets))
    for code, names, message, hint in _faults(rows, targets, others, unchanged):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise LfQwen3Error(f"{message}: {names[0]}{more}", hint, code=code)
    error = worst["error"] if worst else 0.0
    if worst and MOST_DELTA_ERROR < error < _OTHER:
        raise LfQwen3Error(
            f"the adapter is lost in 16 bits: {same:.0%} of the weights did not change, error {error:.0%}",
            "export in float16; train with a higher learning rate or for longer",
            code="precision_eats_adapter",
        )
    if worst and error > MOST_DELTA_ERROR:
        raise LfQwen3Error(
            f"the merge did not add this adapter: {worst['name']} differs by {error:.0%} of "
            "what the adapter adds",
            "the adapter may have been replaced meanwhile: run the command again",
            code="other_adapter",
        )
    return {"changed": len(targets), "equal": len(others), "unchanged_weights": same, "delta_error": error}


def _faults(
    rows: list[dict[str, Any]],
    targets: list[dict[str, Any]],
    others: list[dict[str, Any]],
    unchanged: list[str],
) -> Iterator[tuple[str, list[str], str, str]]:
    """Yield code, tensors at fault, message and hint, the most severe first."""
    broken = [row["name"] for row in rows if not row["finite"]]
    hint = (
        "float16 cannot store these weights; a diverged training produces such weights: lf-qwen3 "
        "diagnose RUN_DIR"
    )
    yield "weights_not_finite", broken, "the merged model has inf or nan", hint
    hint = "the trainer did not merge: see export.log beside the files"
    yield "not_merged", unchanged, "these weights equal the base: nothing was merged into them", hint
    moved = [row["name"] for row in others if row["same"] < 1]
    hint = "the base is not the one trained on, or has changed since"
    yield "merged_elsewhere", moved, "these weights differ from the base without an adapter for them", hint
    nothing = [] if targets else ["every tensor"]
    yield (
        "adapter_empty",
        nothing,
        "the adapter changes no weight",
        "lf-qwen3 diagnose RUN_DIR says what went wrong",
    )
