"""Measure the peak memory of training steps on this machine's GPU, beside what `lf-qwen3 estimate` says.

    python bench/memory.py [--only 8B] [--out bench/out]

Random weights of the real shapes, LLaMA-Factory's own model code, one whole step, each case in a process of
its own. Writes memory-CARD.md and memory-CARD.json. Cases that the card cannot hold are told and left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from lf_qwen3.proof.estimate import TrainingPlan, estimate_memory
from lf_qwen3.proof.estimate.memory import GIB

CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Qwen3-0.6B", {"method": "lora"}),
    ("Qwen3-0.6B", {"method": "full"}),
    ("Qwen3-1.7B", {"method": "full"}),
    ("Qwen3-1.7B", {"method": "full", "precision": "half"}),
    ("Qwen3-1.7B", {"method": "lora", "checkpointing": False}),
    ("Qwen3-4B", {"method": "lora", "rank": 16, "dropout": True}),
    ("Qwen3-4B", {"method": "lora", "rank": 16, "batch": 4, "cutoff_len": 1024}),
    ("Qwen3-4B", {"method": "qlora"}),
    ("Qwen3-8B", {"method": "lora"}),
    ("Qwen3-8B", {"method": "lora", "cutoff_len": 8192}),
    ("Qwen3-8B", {"method": "qlora"}),
    ("Qwen3-14B", {"method": "lora"}),
    ("Qwen3-14B", {"method": "qlora"}),
    ("Qwen3-32B", {"method": "qlora"}),
    ("Qwen3-30B-A3B", {"method": "lora"}),
    ("Qwen3-30B-A3B", {"method": "qlora"}),
)
HEADER = ("model", "training", "estimated", "allocated", "difference", "with overhead", "reserved + context")


@dataclasses.dataclass(frozen=True)
class Row:
    """One case in bytes: what the tensors took at the peak, what torch reserved, what CUDA took beside it."""

    model: str
    training: str
    estimated: int
    estimated_total: int
    allocated: int
    reserved: int
    context: int

    @property
    def difference(self) -> float:
        """The share by which the estimate of the tensors is too high, or below 0 too low."""
        return self.estimated / self.allocated - 1


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--only", default="", help="a part of the name of the models to measure")
    arguments.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    arguments.add_argument("--case", type=int, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    card = card_name()
    if card is None:
        print("there is no GPU here: run this on a machine with one and with LLaMA-Factory", file=sys.stderr)
        return 2
    if options.case is not None:
        print(json.dumps(dataclasses.asdict(measure(plan_of(options.case)))))
        return 0
    rows = [row for at in chosen(options.only) if (row := apart(at)) is not None]
    options.out.mkdir(parents=True, exist_ok=True)
    name = "memory-" + re.sub(r"\W+", "-", card).strip("-")
    (options.out / f"{name}.md").write_text(table(card, rows), encoding="utf-8")
    written = {"card": card, "rows": [dataclasses.asdict(row) for row in rows]}
    (options.out / f"{name}.json").write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    print(table(card, rows))
    return 0 if rows else 1


def card_name() -> str | None:
    """Return the name of the first GPU, None where there is none or no torch."""
    try:
        import torch
    except ImportError:
        return None
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None


def chosen(part: str) -> list[int]:
    """Return the numbers of the cases whose model has this part in its name."""
    return [at for at, (model, _) in enumerate(CASES) if part.lower() in model.lower()]


def plan_of(at: int) -> TrainingPlan:
    """Return the plan of a case."""
    model, options = CASES[at]
    return TrainingPlan.named(model, **options)


def apart(at: int) -> Row | None:
    """Measure one case in a process of its own; None, with the reason on stderr, when that fails."""
    command = [sys.executable, __file__, "--case", str(at)]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode == 0:
        return Row(**json.loads(ran.stdout.splitlines()[-1]))
    model, options = CASES[at]
    reason = (ran.stderr.strip() or "it ended without a word").splitlines()[-1]
    print(f"{model} {options}: not measured: {reason}", file=sys.stderr)
    return None


def measure(plan: TrainingPlan) -> Row:
    """Run the steps of a plan on the GPU."""
    import torch
    from training_step import build, steps

    free, total = torch.cuda.mem_get_info()
    with torch.device("cuda"):
        model = build(plan, 151_936, pack if plan.method == "qlora" else None)
    torch.cuda.reset_peak_memory_stats()
    for _ in steps(plan, model, "cuda"):
        pass
    torch.cuda.synchronize()
    free, total = torch.cuda.mem_get_info()
    reserved = torch.cuda.memory_reserved()
    memory = estimate_memory(plan)
    return Row(
        plan.model,
        plan.words + ("" if plan.checkpointing else ", no checkpointing") + _precision(plan),
        memory.tensors,
        memory.total,
        torch.cuda.max_memory_allocated(),
        torch.cuda.max_memory_reserved(),
        total - free - reserved,
    )


def _precision(plan: TrainingPlan) -> str:
    return ", pure_bf16" if plan.precision == "half" else ""


def pack(model: Any) -> None:
    """Replace the linear layers by 4-bit ones, as transformers does when it loads a model, one at a time."""
    import bitsandbytes as bnb
    import torch
    from llamafactory.extras.constants import QuantizationMethod

    for name, module in list(model.named_modules()):
        if type(module) is not torch.nn.Linear or name == "lm_head":
            continue
        layer = bnb.nn.Linear4bit(
            module.in_features,
            module.out_features,
            bias=False,
            compute_dtype=torch.bfloat16,
            compress_statistics=True,
            quant_type="nf4",
            quant_storage=torch.bfloat16,
            device="cpu",
        )
        weight = module.weight.detach().cpu()
        layer.weight = bnb.nn.Params4bit(
            weight, requires_grad=False, quant_type="nf4", quant_storage=torch.bfloat16, module=layer
        )
        model.set_submodule(name, layer.to("cuda"))
        del module
    model.is_loaded_in_4bit = True
    model.quantization_method = QuantizationMethod.BNB
    torch.cuda.empty_cache()


def table(card: str, rows: list[Row]) -> str:
    """Return the rows as a table; sizes in GiB."""
    lines = [f"# Peak memory on {card}", "", "GiB. Estimated and allocated are of tensors alone.", ""]
    lines += ["| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
    for row in rows:
        cells = (
            row.model,
            row.training,
            f"{row.estimated / GIB:.2f}",
            f"{row.allocated / GIB:.2f}",
            f"{row.difference:+.1%}",
            f"{row.estimated_total / GIB:.2f}",
            f"{(row.reserved + row.context) / GIB:.2f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
