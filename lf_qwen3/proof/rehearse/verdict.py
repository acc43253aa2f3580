"""The request and the result of a rehearsal."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class RehearsalRequest:
    """A training YAML, how many steps to train and how many rows of each dataset to read at most.

    `tokenizer` is a folder or a hub id; without it the model's own is looked for, then Qwen3's is made.
    """

    yaml: Path
    tokenizer: str | None = None
    steps: int = 10
    rows: int = 64


@dataclass(frozen=True, slots=True)
class RehearsalChange:
    """A setting that the rehearsal changes: `off` what a CPU cannot do or must not do, `short` a size."""

    kind: Literal["off", "short"]
    key: str
    was: Any
    now: Any
    why: str


@dataclass(frozen=True, slots=True)
class RehearsalFault:
    """What stops the training: where (a key of the YAML, a dataset, a row of a file), and what to do.

    Whatever does not apply is "" or None.
    """

    message: str
    hint: str
    key: str = ""
    line: int | None = None
    dataset: str = ""
    file: str = ""
    row: int | None = None


@dataclass(frozen=True, slots=True)
class RehearsalAnswer:
    """What the rehearsed model wrote after one prompt of the training data."""

    prompt: str
    answer: str


@dataclass(slots=True)
class RehearsalVerdict:
    """How a rehearsal ended. `fault` is None when it passed.

    `datasets` are those trained on, `records` is the number of training records that the trainer made of
    them (packed rows, where it packs); losses are the trainer's own. `folder` and `log` remain after a
    failure only.
    """

    yaml: str
    method: str = ""
    model: str = ""
    tokenizer: str = ""
    datasets: list[str] = field(default_factory=list)
    records: int = 0
    steps: int = 0
    losses: list[float] = field(default_factory=list)
    eval_loss: float | None = None
    answers: list[RehearsalAnswer] = field(default_factory=list)
    changes: list[RehearsalChange] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fault: RehearsalFault | None = None
    folder: str = ""
    log: str = ""
    seconds: float = 0

    @property
    def passed(self) -> bool:
        """Return whether the training would start, learn and save, as far as a CPU can show."""
        return self.fault is None

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as one JSON object."""
        return {"passed": self.passed, **asdict(self)}
