"""`recipe validate`: judge one YAML as the trainer would, in milliseconds; on request ask the trainer too."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.severity import Severity
from lf_qwen3.recipes.trainers.judge import describe_judgement, judge_trainer_settings, recognise_trainer
from lf_qwen3.recipes.trainers.trainer import TrainerKeys
from lf_qwen3.trainer import versions
from lf_qwen3.trainer.settings import kinds
from lf_qwen3.trainer.settings.judge import SettingFault, judge_settings
from lf_qwen3.trainer.settings.kinds import Command, Dialect
from lf_qwen3.trainer.yaml_reader import NotYamlError, YamlReading, read

if TYPE_CHECKING:
    from lf_qwen3.trainer.ask import TrainerAnswer


@dataclass(frozen=True, slots=True)
class YamlFinding:
    """One thing at fault. An error stops the trainer; an info does so with some versions only, or not at all.

    `row` is the line, counted from 1, None for the file as a whole.
    """

    code: str
    severity: Severity
    file: str
    row: int | None
    key: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class YamlValidation:
    """The findings of one file; `dialect` says whose YAML it is, `notes` what else is worth knowing.

    `dialect` may be the name of another trainer. `command` is the one of llamafactory-cli that the file is
    for, "" for a file of another tool; `trainer` is what the installed trainer answered, None where it was
    not asked.
    """

    file: str
    dialect: str
    settings: int
    findings: list[YamlFinding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    command: Command | None = None
    trainer: TrainerAnswer | None = None

    @property
    def is_valid(self) -> bool:
        """Return whether the trainer takes the file."""
        return all(finding.severity == "info" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the report as one JSON object."""
        return {**asdict(self), "valid": self.is_valid}


def validate(path: Path, *, strict: bool = False) -> YamlValidation:
    """Judge every key, value and combination of a YAML; with `strict` the installed trainer is asked too.

    The trainer's answer takes as long as the import of its parsers, some seconds. Raises `UsageError` when
    there is no such file; a file that is no YAML is a finding.
    """
    try:
        reading = read(path)
    except NotYamlError as error:
        broken = YamlFinding(
            "not_yaml", "error", str(path), error.line or None, "", error.problem, error.hint
        )
        return YamlValidation(str(path), "train", 0, [broken])
    if trainer := recognise_trainer(reading):
        return _validate_for(trainer, reading)
    dialect = kinds.detect_dialect(reading)
    command = kinds.detect_command(reading) if dialect in kinds.JUDGED else None
    notes = [note for note in (kinds.NOTES[dialect], versions.describe_mismatch()) if note]
    faults, answer = _judge(reading, dialect, command, strict)
    notes += answer.notes if answer else []
    return YamlValidation(
        str(path),
        dialect,
        len(reading.settings),
        sorted((_finding(reading, fault) for fault in faults), key=lambda finding: finding.row or 0),
        notes,
        command,
        answer,
    )


def _validate_for(trainer: TrainerKeys, reading: YamlReading) -> YamlValidation:
    """Judge a config of another trainer; LLaMA-Factory is not asked."""
    findings = [_finding(reading, fault) for fault in judge_trainer_settings(reading, trainer)]
    findings.sort(key=lambda finding: finding.row or 0)
    notes = [describe_judgement(trainer)]
    return YamlValidation(str(reading.path), trainer.name, len(reading.settings), findings, notes)


def _judge(
    reading: YamlReading, dialect: Dialect, command: Command | None, strict: bool
) -> tuple[list[SettingFault], TrainerAnswer | None]:
    if not strict:
        return judge_settings(reading, dialect, command or "train"), None
    from lf_qwen3.trainer.ask import TrainerQuestion
    from lf_qwen3.trainer.settings.answered import add_answer

    with TrainerQuestion(reading.path, dialect, command) as question:
        faults = judge_settings(reading, dialect, command or "train")
        answer = question.wait()
    return add_answer(faults, answer, reading.settings), answer


def _finding(reading: YamlReading, fault: SettingFault) -> YamlFinding:
    row = fault.line or reading.line_of(fault.key)
    return YamlFinding(
        fault.code, fault.severity, str(reading.path), row, fault.key, fault.message, fault.cure
    )
