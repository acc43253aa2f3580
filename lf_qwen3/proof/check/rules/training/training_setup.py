"""What the checks of a training YAML get: its settings, its data and its checkpoint."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.qwen3 import checkpoints, model_origin
from lf_qwen3.trainer import schema
from lf_qwen3.trainer.settings.judge import SettingFault, judge_file
from lf_qwen3.trainer.yaml_reader import YamlReading


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What the training datasets hold, in records.

    `several_turns` have more than one answer. `orphans` are those among them whose earlier dialogue is
    no record of its own, so that its answer is learnt nowhere else. `lost_loops` lose reasoning between tool
    calls unless preserve_thinking is true, `bare_histories` get blocks with it (see `DatasetCounts`).

    `rows` are those of each dataset, `files` the paths of each dataset, the evaluated ones too. `steps` are
    those of the run on one GPU, more GPUs make fewer; None if unknown. `labels` are the
    lengths in tokens, with their reasoning, of the answers to evaluate; none where no tokenizer counted.
    """

    thinking: int = 0
    plain: int = 0
    several_turns: int = 0
    orphans: int = 0
    lost_loops: int = 0
    bare_histories: int = 0
    kinds: Mapping[str, DatasetKind] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    steps: int | None = None
    labels: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class TrainingSetup:
    """What the checks of this group get; `registered` is None where no registry was read.

    `installed` are versions of packages by name, those alone that are known to break some setting. `judged`
    is what is wrong with the settings where the trainer was asked too, `missing_dir` a dataset_dir that is
    needed and not there.
    """

    settings: Mapping[str, Any]
    data: TrainingData = TrainingData()
    registered: Collection[str] | None = None
    installed: Mapping[str, str] = field(default_factory=dict)
    judged: Sequence[SettingFault] | None = None
    missing_dir: str = ""

    @property
    def faults(self) -> Sequence[SettingFault]:
        """Return what is wrong with the settings alone."""
        if self.judged is not None:
            return self.judged
        return judge_file(YamlReading(Path("train.yaml"), dict(self.settings), {}))

    def __getitem__(self, key: str) -> Any:
        """Return a setting, or the trainer's default for it."""
        return self.settings.get(key, schema.load()["properties"].get(key, {}).get("default"))

    @property
    def trains(self) -> bool:
        """Return whether this YAML is for training, not for prediction alone."""
        return bool(self["do_train"])

    @property
    def is_lora(self) -> bool:
        """Return whether a LoRA is trained."""
        return bool(self["finetuning_type"] == "lora")

    @property
    def model(self) -> str:
        """Return the id or the folder of the checkpoint."""
        return str(self["model_name_or_path"] or "")

    @property
    def checkpoint(self) -> checkpoints.CheckpointKind | None:
        """Return which kind of Qwen3 checkpoint is trained, None where its name does not say."""
        return model_origin.checkpoint_of(self.model)

    @property
    def is_qwen3(self) -> bool:
        """Return whether the model is a Qwen3, by its name or its folder."""
        return bool(self.model) and model_origin.is_qwen3(self.model)

    @property
    def evaluates(self) -> bool:
        """Return whether there are validations while it trains."""
        return self.trains and self["eval_strategy"] not in ("no", None, False)

    @property
    def learns_answers(self) -> bool:
        """Return whether this is supervised fine-tuning."""
        return self.trains and bool(self["stage"] == "sft")

    def names(self, key: str) -> list[str]:
        """Return the names that a key lists, in a list or separated by commas."""
        value = self[key]
        parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
        return [name for part in parts if (name := str(part).strip())]


def sft_setup(data: TrainingData = TrainingData(), **settings: Any) -> TrainingSetup:
    """Return a training YAML of an SFT run: the examples of the checks are made by it."""
    return TrainingSetup({"stage": "sft", "do_train": True, **settings}, data)
