"""What a trainer other than LLaMA-Factory takes: its methods, its names for settings, its rows, its commands.

One file a trainer in this folder; it calls `add_trainer`. No trainer is imported: its facts here were
tried with the version that it names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lf_qwen3.base import assets

if TYPE_CHECKING:
    from lf_qwen3.recipes.trainers.rows import RowForm

LLAMAFACTORY = "llamafactory"
CONFIG = "train.yaml"
"""The trainer's own config, in the folder of the run."""
MARK = "# trainer: "
"""How the line in the head of a config begins that names its trainer."""

TRACKERS = frozenset(("swanlab", "tensorboard", "wandb"))
"""Trackers whose packages have their names."""

MemoryComparison = Literal["as much", "less", "more"]
"""What a run takes beside LLaMA-Factory's, whose memory `estimate` estimates."""

Translate = Callable[[Any], Mapping[str, Any]]
"""Turns a value of a recipe into keys and values of the trainer; a key `a.b` is `b` inside the section
`a`."""

_BY_DATA = """
    stage do_train finetuning_type model_name_or_path template enable_thinking mask_history
    preserve_thinking train_on_prompt default_system cutoff_len dataset dataset_dir eval_dataset
    val_size max_samples preprocessing_num_workers overwrite_cache overwrite_output_dir
    quantization_bit quantization_method quantization_type double_quantization use_swanlab
    swanlab_project swanlab_run_name swanlab_mode swanlab_logdir report_to
"""
BY_DATA = frozenset(_BY_DATA.split())
"""Keys of a recipe that the written rows, or `settle` of each trainer, have settled."""


@dataclass(frozen=True)
class OtherRun:
    """One training: the recipe's settings, fitted to model, data and user; the folder; the files of rows.

    `method` is as `name_method` gives it, as "qlora sft"; `longest` is the cutoff in tokens, which all rows
    keep. `val_file` is "" without validation.
    """

    train: Mapping[str, Any]
    method: str
    out: str
    train_file: str
    val_file: str = ""

    @property
    def kind(self) -> str:
        """How the weights are trained: lora, qlora, full, ..."""
        return self.method.split()[0]

    @property
    def stage(self) -> str:
        """What is trained: sft, dpo, kto, orpo."""
        return self.method.split()[1]

    @property
    def model(self) -> str:
        """The id or folder of the model."""
        return str(self.train["model_name_or_path"])

    def list_packages(self) -> Iterator[str]:
        """Yield the packages that the settings ask for beside a trainer."""
        if self.kind == "qlora" or "8bit" in str(self.train.get("optim")):
            yield "bitsandbytes"
        if self.train.get("enable_liger_kernel"):
            yield "liger-kernel"
        if self.train.get("deepspeed"):
            yield "deepspeed"
        yield from TRACKERS & set(split_names(self.tracker))

    @property
    def longest(self) -> int:
        """The tokens of the longest row that may be there."""
        return int(self.train.get("cutoff_len", 2048))

    @property
    def tracker(self) -> Any:
        """Where the loss is sent, as transformers names it."""
        return "swanlab" if self.train.get("use_swanlab") else self.train.get("report_to", "none")


def _no_files(run: OtherRun) -> Mapping[str, str]:
    return {}


def _no_words(run: OtherRun) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class TrainerKeys:
    """A trainer and the names of its settings, by which its configs are written and judged.

    `version` is that with which it was tried. `install` are the commands for its environment, `brings` the
    packages among those of `list_packages` that come with it. `keys` holds its name of a recipe's key, or
    what turns the value into several, `settled` the recipe's keys that its own code sees to, `choices` the
    values of a recipe's key that it has, where it has not all. `renamed` holds keys of older versions with
    their new names, `values` the closed sets of values that its classes do not state; `plugin_keys` are those
    of its plug-ins.
    """

    name: str
    version: str
    install: tuple[str, ...]
    brings: str = ""
    keys: Mapping[str, str | Translate]
    settled: str = ""
    choices: Mapping[str, Collection[Any]] = field(default_factory=dict)
    traps: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    plugin_keys: frozenset[str] = frozenset()

    def list_install(self, packages: Iterable[str]) -> list[str]:
        """Return the commands that install the trainer, and what of these packages does not come with it."""
        more = sorted(set(packages) - set(self.brings.split()))
        pip = self.install[-1].partition(" install ")[0]
        return [*self.install, *([f"{pip} install {' '.join(more)}"] if more else [])]

    @property
    def known_keys(self) -> frozenset[str]:
        """All keys that its own classes take, nested ones as `section.key`; none where they were not read."""
        known = frozenset(read_key_kinds(self.name))
        return known | self.plugin_keys if known else known


@dataclass(frozen=True, kw_only=True)
class OtherTrainer(TrainerKeys):
    """A trainer that learns from records: what it can do, and how a run is written for it.

    `settle` returns what follows from model, method and files. `differs` says, by stage, where its rows are
    not LLaMA-Factory's, "" where they are; `memory` how that of a run compares, by what its code does: none
    was measured. `several_gpus` says how a run takes more than one; `least_kto_batch` is the least number
    of records at a time with which its KTO starts.
    """

    methods: tuple[str, ...]
    settle: Callable[[OtherRun], Mapping[str, Any]]
    choose_rows: Callable[[str], RowForm]
    command: Callable[[OtherRun], str]
    write_files: Callable[[OtherRun], Mapping[str, str]] = _no_files
    differs: Callable[[OtherRun], str] = _no_words
    memory: MemoryComparison = "as much"
    several_gpus: str = ""
    least_kto_batch: int = 1

    def does(self, stage: str) -> bool:
        """Return whether the trainer does a stage in any way."""
        return any(method.split()[1] == stage for method in self.methods)

    def translate(self, run: OtherRun) -> tuple[dict[str, Any], list[str]]:
        """Return the trainer's settings, flat, and the recipe's keys that have no counterpart and are set."""
        own, left = translate_settings(run.train, self, BY_DATA)
        settled = dict(self.settle(run))
        return settled | {key: value for key, value in own.items() if key not in settled}, left


def translate_settings(
    settings: Mapping[str, Any], trainer: TrainerKeys, settled: Collection[str]
) -> tuple[dict[str, Any], list[str]]:
    """Return settings under a trainer's names, flat, and the keys that are set and have no counterpart.

    `settled` are keys that need none, beside the trainer's own: something else has seen to them. A key of
    which the trainer has other values only stands with its value: `bf16=false`.
    """
    own: dict[str, Any] = {}
    left = []
    for key, value in settings.items():
        rule = trainer.keys.get(key)
        if callable(rule):
            own.update(rule(value))
        elif rule:
            own[rule] = value
        elif key not in settled and key not in trainer.settled.split() and value not in (None, False, "none"):
            left.append(key)
        if value is not None and value not in trainer.choices.get(key, [value]):
            left.append(f"{key}={json.dumps(value)}")
    return own, left


_TRAINERS: dict[str, OtherTrainer] = {}


def add_trainer(trainer: OtherTrainer) -> OtherTrainer:
    """Make a trainer known by its name, and return it."""
    _TRAINERS[trainer.name] = trainer
    return trainer


def added_trainers() -> list[OtherTrainer]:
    """Return the trainers whose files were imported, by name."""
    return [_TRAINERS[name] for name in sorted(_TRAINERS)]


def nest(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return flat settings with `section.key` names as sections."""
    nested: dict[str, Any] = {}
    for key, value in settings.items():
        *sections, last = key.split(".")
        inner = nested
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[last] = value
    return nested


def split_names(value: Any) -> list[str]:
    """Return names that a recipe separates by commas, or lists."""
    names = value.split(",") if isinstance(value, str) else value or []
    return [str(name).strip() for name in names]


def read_mark(path: Path) -> str:
    """Return the name of the trainer in the head of a config, "" where it names none."""
    try:
        with path.open("rb") as file:
            first = file.readline(200).decode("utf-8", "replace")
    except OSError:
        return ""
    return first.removeprefix(MARK).split(" ")[0] if first.startswith(MARK) else ""


@cache
def read_key_kinds(name: str) -> dict[str, dict[str, Any]]:
    """Return the keys that a trainer's classes take, nested ones as `section.key`; none where none were read.

    `kind` is bool, int, float, text, any, section, or the list of values; `of` lists the commands that take
    the key where not all do.
    """
    file = assets.folder("recipes") / "trainers" / f"{name}.json"
    keys: dict[str, dict[str, Any]] = json.loads(file.read_text("utf-8"))["keys"] if file.is_file() else {}
    return keys
