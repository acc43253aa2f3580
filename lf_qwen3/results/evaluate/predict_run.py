"""A predict YAML, what it reads and writes, and whether its predictions are still those it would make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data import registry
from lf_qwen3.results.score import predictions
from lf_qwen3.trainer import yaml_reader

STAMP = "evaluated.json"
"""Beside the predictions: a hash of what they were made from."""

_LOG = "trainer_log.jsonl"
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "adapter_model.bin")
_READ_WHOLE = 1 << 30
_BLOCK = 1 << 22


@dataclass(frozen=True, slots=True)
class PredictRun:
    """One predict YAML: what it holds, where its output goes, and the local folder of weights it loads."""

    yaml: Path
    settings: dict[str, Any]
    output: Path
    weights: Path | None

    @property
    def file(self) -> Path:
        """The predictions that it writes."""
        return self.output / predictions.FILE

    @property
    def results(self) -> Path:
        """The figures of the run, which are written last."""
        return self.output / "predict_results.json"

    @property
    def is_current(self) -> bool:
        """Return whether its predictions are there, whole, and made from what is there now.

        Predictions made by hand, without a stamp, count where they are younger than YAML, rows and weights.
        """
        if not self.file.is_file() or not self.results.is_file():
            return False
        try:
            stamp = json.loads((self.output / STAMP).read_bytes())
        except FileNotFoundError:
            sources = [self.yaml, *_rows(self.settings), *_files(self.weights)]
            return self.file.stat().st_mtime > max(source.stat().st_mtime for source in sources)
        except (OSError, ValueError):
            return False
        return isinstance(stamp, dict) and stamp.get("made_from") == self.fingerprint()

    def fingerprint(self) -> str:
        """Return a hash of the settings, the rows to answer and the weights; comments do not count.

        Weight files above 1 GiB count by name, size and time, all others by content.
        """
        digest = xxhash.xxh3_128(json.dumps(self.settings, sort_keys=True, default=str).encode())
        for path in (*_rows(self.settings), *_files(self.weights)):
            state = path.stat()
            digest.update(f"{path.name}\0{state.st_size}\0".encode())
            if state.st_size > _READ_WHOLE:
                digest.update(str(state.st_mtime_ns).encode())
                continue
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        return digest.hexdigest()

    def clear(self) -> None:
        """Take away what an earlier run left, so that a run that fails leaves nothing that looks whole."""
        for name in (predictions.FILE, "predict_results.json", STAMP, _LOG):
            (self.output / name).unlink(missing_ok=True)

    def stamp(self, made_from: str) -> None:
        """Note what the predictions were made from."""
        (self.output / STAMP).write_text(json.dumps({"made_from": made_from}) + "\n", "utf-8")


def read_predict_run(out: Path, name: str) -> PredictRun:
    """Read one predict YAML of a recipe's folder.

    Raises `UsageError` where it does not exist or predicts nothing, or where the weights it loads were not
    trained yet.
    """
    yaml = out / name
    if not yaml.is_file():
        raise UsageError(
            f"there is no {name} in {out}",
            f"write it: lf-qwen3 recipe new ... --out {out}; or name prediction files: --from BASE TUNED",
            code="file_missing",
        )
    settings = yaml_reader.read(yaml).settings
    output = settings.get("output_dir")
    if not (settings.get("do_predict") and settings.get("predict_with_generate")) or not output:
        raise UsageError(
            f"{yaml} predicts nothing",
            "it has to set do_predict: true, predict_with_generate: true and output_dir",
            code="no_predict_yaml",
        )
    return PredictRun(yaml, settings, Path(str(output)), _weights(out, yaml, settings))


def _weights(out: Path, yaml: Path, settings: dict[str, Any]) -> Path | None:
    """Return the local folder of the weights; an adapter, and what train.yaml writes, must be there."""
    adapter = settings.get("adapter_name_or_path")
    named = str(adapter or settings.get("model_name_or_path") or "")
    folder = Path(named)
    trained = _trained(out)
    must_be_there = bool(adapter) or (trained is not None and trained == named)
    if must_be_there and not any(_files(folder)):
        train = out / "train.yaml"
        hint = f"train first: llamafactory-cli train {train}" if train.is_file() else "train first"
        moved = "; paths in a YAML count from the folder where the trainer is started" * folder.is_absolute()
        raise UsageError(
            f"{yaml} loads {named}, but it has no weights", f"{hint}{moved}", code="weights_missing"
        )
    return folder if named and folder.is_dir() else None


def _trained(out: Path) -> str | None:
    try:
        return str(yaml_reader.read(out / "train.yaml").settings.get("output_dir"))
    except LfQwen3Error:
        return None


def _files(folder: Path | None) -> list[Path]:
    files = [path for pattern in _WEIGHTS for path in folder.glob(pattern)] if folder else []
    return sorted(files)


def _rows(settings: dict[str, Any]) -> Iterator[Path]:
    """Yield the local files of the rows to answer; a data set of a hub has none."""
    folder = Path(str(settings.get("dataset_dir") or "data"))
    try:
        entries = registry.read_registry(folder)
    except LfQwen3Error:
        return
    names = settings.get("eval_dataset") or ""
    for name in names if isinstance(names, list) else str(names).split(","):
        file = entries.get(str(name).strip(), {}).get("file_name")
        if isinstance(file, str) and (folder / file).is_file():
            yield folder / file
