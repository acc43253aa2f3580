"""Estimate a training as a whole: its memory by part, the card for it, what would be smaller, its data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.argument_types import require_argument_types
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.proof.estimate.advice import SmallerSetting, list_caveats, suggest_changes
from lf_qwen3.proof.estimate.cards import Card, smallest_card
from lf_qwen3.proof.estimate.dataset import DataFigures, count_data
from lf_qwen3.proof.estimate.from_yaml import read_plan
from lf_qwen3.proof.estimate.memory import GIB, PARTS, PeakMemory, estimate_memory
from lf_qwen3.proof.estimate.plan import TrainingMethod, TrainingPlan

if TYPE_CHECKING:
    import polars

LEAST_CUTOFF_LEN = 8
_BAR = 24


@dataclass(frozen=True)
class MemoryEstimate:
    """The memory of a training: `peak` is bytes on each GPU by part, `card` the smallest card for it.

    `smaller` lists changes that need a smaller card, `data` has the figures of the dataset if one is named,
    `notes` the limits of the figures.
    """

    plan: TrainingPlan
    peak: PeakMemory
    smaller: list[SmallerSetting]
    data: DataFigures | None
    notes: list[str]

    @property
    def total(self) -> int:
        """Bytes on each GPU."""
        return self.peak.total

    @property
    def card(self) -> Card | None:
        """The smallest card with enough memory, None if no single card has it, and on the CPU."""
        return None if self.plan.on_cpu else smallest_card(self.total)

    def as_json(self) -> dict[str, Any]:
        """Return everything as one JSON object; all sizes in bytes."""
        return {
            "plan": {key: value for key, value in asdict(self.plan).items() if key != "shape"},
            "parameters": self.plan.shape.parameters,
            "memory_bytes": self.peak.as_json(),
            "card_gb": self.card.size if self.card else None,
            "smaller": [change.as_json() for change in self.smaller],
            "data": self.data.as_json() if self.data else None,
            "notes": self.notes,
        }

    def to_frame(self) -> polars.DataFrame:
        """Return one row for each part of the memory: `part`, `bytes`, `gib`."""
        import polars

        sizes = [getattr(self.peak, part) for part in PARTS]
        return polars.DataFrame({"part": PARTS, "bytes": sizes, "gib": [size / GIB for size in sizes]})

    def lines(self) -> list[str]:
        """Return the parts, the total and the card as lines of plain text."""
        each = " on each GPU" if self.plan.gpus > 1 else ""
        lines = [f"{Path(self.plan.model).name} {self.plan.words}"]
        for part in PARTS:
            size = getattr(self.peak, part)
            lines.append(
                f"  {part:<12}{size / GIB:7.1f} GiB  {'█' * round(_BAR * size / self.total)}".rstrip()
            )
        sizes = f"{self.total / GIB:7.1f} GiB = {self.total / 1e9:.1f} GB{each}"
        lines.append(f"  {'total':<12}{sizes}, during {self.peak.moment}")
        card = self.card.label if self.card else "no single card is large enough"
        if self.plan.on_cpu:
            return [*lines, f"  {'card':<12}none: this trains on the CPU, and the total is main memory (RAM)"]
        return [*lines, f"  {'card':<12}{card}"]

    def _repr_html_(self) -> str:
        """Return the parts, the total and the card for a notebook."""
        from html import escape

        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<pre>{escape(chr(10).join(self.lines()))}</pre>{notes}"


@require_argument_types
def estimate(
    model: str | Path | None = None,
    *,
    method: TrainingMethod | None = None,
    config: str | Path | None = None,
    cutoff_len: int | None = None,
    batch: int | None = None,
    gpus: int | None = None,
    zero: int | None = None,
    lora_rank: int | None = None,
    dataset: str | None = None,
    dataset_dir: str | Path | None = None,
    tokenizer: str | Path | None = None,
) -> MemoryEstimate:
    """Estimate the memory of a training on each GPU, and the steps and tokens of its data.

    `model` is a name, a hub id or a folder with a config.json; `config` a training YAML for everything that
    no keyword sets. Without either, `cutoff_len` is 2048, `batch`, `gpus` 1, `zero` 0 and `lora_rank` 8.
    Data is counted if a dataset is named. Raises `UsageError` for a model, a method, a stage or a value
    that is not supported, and for a dataset or a tokenizer that does not exist.
    """
    options = {"cutoff_len": cutoff_len, "batch": batch, "rank": lora_rank, "zero": zero, "method": method}
    if cutoff_len is not None and cutoff_len < LEAST_CUTOFF_LEN:
        raise UsageError(
            f"cutoff_len is {cutoff_len}", f"it has to be {LEAST_CUTOFF_LEN} or more", code="option_value"
        )
    name = None if model is None else str(model)
    plan, settings, notes = _plan(name, None if config is None else Path(config), gpus, options)
    named = {"dataset": dataset, "dataset_dir": None if dataset_dir is None else str(dataset_dir)}
    settings |= {key: value for key, value in named.items() if value}
    peak, smaller = estimate_memory(plan), suggest_changes(plan)
    is_wanted = bool(dataset or dataset_dir or tokenizer)
    data, about_data = _count(plan, settings, str(tokenizer or ""), is_wanted)
    return MemoryEstimate(plan, peak, smaller, data, [*notes, *list_caveats(plan), *about_data])


def _plan(
    model: str | None, config: Path | None, gpus: int | None, options: dict[str, Any]
) -> tuple[TrainingPlan, dict[str, Any], list[str]]:
    """Return the plan of the YAML or of the options, the settings for the data, and notes."""
    if config is not None:
        if gpus is not None and gpus < 1:
            raise UsageError(f"gpus is {gpus}", "it has to be 1 or more", code="option_value")
        plan, settings, notes = read_plan(config, gpus or 0)
        return plan.changed(model=model, **options), dict(settings), notes
    if not (model and options["method"]):
        raise UsageError(
            "estimate needs a training YAML, or a model and a method",
            "lf-qwen3 estimate TRAIN.YAML, or: lf-qwen3 estimate --model Qwen3-8B --method lora",
            code="option_missing",
        )
    given = {key: value for key, value in {**options, "gpus": gpus}.items() if value is not None}
    return TrainingPlan.named(model, **given), {}, []


def _count(
    plan: TrainingPlan, settings: dict[str, Any], tokenizer: str, is_wanted: bool
) -> tuple[DataFigures | None, list[str]]:
    """Return the figures of the data and notes; what is wrong with data that nobody asked for is a note."""
    if not settings.get("dataset"):
        return None, []
    if settings.get("stage", "sft") != "sft":
        return None, [f"data statistics are for stage: sft only, not for {settings['stage']}"]
    try:
        return count_data(plan, settings, tokenizer)
    except LfQwen3Error as error:
        if is_wanted:
            raise
        return None, [f"the data was not counted: {error.message} ({error.hint})"]
