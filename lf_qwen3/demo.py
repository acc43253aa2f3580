"""All steps in a single run: samples in, a trained adapter and its predictions out, on any CPU.

A tiny Qwen3 replaces the real one; everything else is what a run on a GPU uses: the same converter, the
same recipes, the same trainer.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xxhash

from lf_qwen3.base import assets
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import Progress
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.convert.report import ConversionReport
from lf_qwen3.qwen3 import tiny_model
from lf_qwen3.recipes import new
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.trainer import process

DATASET = "demo_mixed"
RECIPE = "qwen3-0.6b-lora-sft"
STEPS = 12

_MARKER = "demo.json"
_SAMPLES = ("sample_medical_r1.jsonl", "sample_finetome.parquet")
_CPU_ENV = {"CUDA_VISIBLE_DEVICES": "", "FORCE_TORCHRUN": "0", "USE_RAY": "0", "USE_V1": "0"}


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo has made. `trained` is False when an earlier run of the same was kept."""

    out: str
    model: str
    data: ConversionReport
    examples: int
    train_yaml: str
    predict_yaml: str
    adapter: str
    trained: bool
    first_loss: float
    last_loss: float
    loss_picture: str
    predictions: str
    prediction: dict[str, str]
    next: list[str]


def run_demo(out: Path, progress: Progress, steps: int = STEPS, fresh: bool = False) -> DemoResult:
    """Make the model, the data and the YAML in `out`, train `steps` LoRA steps on the CPU and predict.

    What an earlier run made is used again: the model when it is whole, the training when model, data, YAML
    and trainer are the same to the byte (not with `fresh`). The data is made again, and comes out the same.
    Raises `UsageError` for an `out` that holds something else, `LfQwen3Error` where a step fails.
    """
    process.require_installed()
    _claim(out)
    model = _make_model(out, progress)
    report = _make_data(out, progress)
    plan = _make_yaml(out, model, steps, progress)
    fingerprint = _fingerprint(out, report, plan)
    trained = fresh or not _is_done(out, fingerprint)
    if trained:
        _train(out, plan, progress)
        (out / _MARKER).write_text(json.dumps({"fingerprint": fingerprint}), encoding="utf-8")
    else:
        progress.finish(
            "training and prediction kept: model, data and YAML are the same (--fresh repeats them)"
        )
    return _result(out, model, report, plan, trained)


def _claim(out: Path) -> None:
    """Take the folder, or refuse one that holds what is not ours."""
    if out.exists() and not out.is_dir():
        raise UsageError(
            f"--out {out} is a file", "name a folder; it is created if it does not exist", code="not_a_folder"
        )
    if out.is_dir() and any(out.iterdir()) and not (out / _MARKER).is_file():
        raise UsageError(
            f"--out {out} contains something that the demo did not make",
            "name another folder",
            code="file_exists",
        )
    out.mkdir(parents=True, exist_ok=True)
    if not (out / _MARKER).is_file():
        (out / _MARKER).write_text(json.dumps({"fingerprint": ""}), encoding="utf-8")


def _make_model(out: Path, progress: Progress) -> Path:
    progress.start("making a tiny Qwen3 with Qwen's own tokenizer (10 to 40 seconds)", 1, 5)
    folder = out / "tiny-qwen3"
    was_there = tiny_model.is_made(folder)
    tiny_model.make_tiny_model(folder)
    progress.finish(f"{folder}: {'kept from an earlier run' if was_there else 'made, without any download'}")
    return folder


def _make_data(out: Path, progress: Progress) -> ConversionReport:
    progress.start("converting both samples, mixing 75 % thinking, splitting, registering", 2, 5)
    samples = assets.folder("dataset_info")
    sources = tuple(str(samples / name) for name in _SAMPLES)
    report = convert(ConvertOptions(sources, DATASET, out / "data", val=4, test=4, mix=0.75))
    kinds = f"{report.thinking} thinking, {report.plain} plain"
    splits = ", ".join(f"{name} {count}" for name, count in report.written.items())
    progress.finish(f"{out / 'data'}: {report.read} rows read, records written: {splits} ({kinds})")
    return report


def _make_yaml(out: Path, model: Path, steps: int, progress: Progress) -> new.RecipeSet:
    progress.start(f"writing the files of a run from the recipe {RECIPE}", 3, 5)
    choice = RecipeChoice(
        RECIPE, DATASET, (out / "data").as_posix(), out.as_posix(), model.as_posix(), _for_a_cpu(steps)
    )
    plan = new.plan_recipe_set(choice)
    plan.write(replace=True)
    progress.finish(", ".join(str(path) for path in plan.texts))
    return plan


def _for_a_cpu(steps: int) -> dict[str, Any]:
    """Return what differs from a run on a GPU: the device, and how little is done."""
    half = max(1, steps // 2)
    return {
        "use_cpu": True,
        "bf16": False,
        "max_steps": steps,
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 2,
        "learning_rate": 0.05,
        "warmup_ratio": 0.0,
        "logging_steps": 1,
        "eval_steps": half,
        "save_steps": half,
        "cutoff_len": 1024,
        "max_new_tokens": 32,
    }


def _train(out: Path, plan: new.RecipeSet, progress: Progress) -> None:
    """Run the trainer on both files, after taking away what an earlier run left."""
    for (title, folder), yaml, number in zip(_outputs(out).items(), _yamls(out), (4, 5), strict=True):
        progress.start(f"{title}: llamafactory-cli train {yaml}", number, 5)
        shutil.rmtree(folder, ignore_errors=True)
        ran = process.train(yaml, yaml.with_suffix(".log"), progress, folder, _CPU_ENV)
        progress.finish(f"{folder}: done in {ran.seconds:.0f} seconds, the trainer's own output is {ran.log}")


def _outputs(out: Path) -> dict[str, Path]:
    return {"training on the CPU": out / "adapter", "predicting on the test split": out / "predict_tuned"}


def _yamls(out: Path) -> tuple[Path, Path]:
    return out / "train.yaml", out / "predict_tuned.yaml"


def _fingerprint(out: Path, report: ConversionReport, plan: new.RecipeSet) -> str:
    """Return a hash of everything that decides what the trainer does."""
    parts: Iterable[bytes] = (
        *(text.encode() for text in plan.texts.values()),
        *(Path(report.files[split]).read_bytes() for split in report.written),
        (out / "data" / "dataset_info.json").read_bytes(),
        tiny_model.SIGNATURE.encode(),
        version("llamafactory").encode(),
    )
    digest = xxhash.xxh3_128()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _is_done(out: Path, fingerprint: str) -> bool:
    try:
        before = json.loads((out / _MARKER).read_text("utf-8")).get("fingerprint")
    except (OSError, ValueError, AttributeError):
        return False
    made = (_picture(out), out / "adapter" / "adapter_model.safetensors", _predictions(out))
    return before == fingerprint and all(path.is_file() for path in made)


def _picture(out: Path) -> Path:
    return out / "adapter" / "training_loss.png"


def _predictions(out: Path) -> Path:
    return out / "predict_tuned" / "generated_predictions.jsonl"


def _result(
    out: Path, model: Path, report: ConversionReport, plan: new.RecipeSet, trained: bool
) -> DemoResult:
    """Gather what is in `out`; raises `LfQwen3Error` when the trainer dropped a record."""
    losses = process.losses(out / "adapter")
    examples = process.examples(out / "train.log")
    if examples != report.written["train"]:
        raise LfQwen3Error(
            f"the trainer read {examples} of {report.written['train']} training records",
            f"its output says why: {out / 'train.log'}",
            code="records_lost",
        )
    first = _predictions(out).read_text("utf-8").splitlines()[0]
    train_yaml, predict_yaml = (str(path) for path in _yamls(out))
    return DemoResult(
        out=str(out),
        model=str(model),
        data=report,
        examples=examples,
        train_yaml=train_yaml,
        predict_yaml=predict_yaml,
        adapter=str(out / "adapter"),
        trained=trained,
        first_loss=losses[0],
        last_loss=losses[-1],
        loss_picture=str(_picture(out)),
        predictions=str(_predictions(out)),
        prediction=json.loads(first),
        next=gpu_commands([str(assets.folder("dataset_info") / name) for name in _SAMPLES]),
    )


def gpu_commands(sources: list[str], out: str = "runs/mixed") -> list[str]:
    """Return the commands that do the same with Qwen3-4B on a GPU."""
    return [
        f"lf-qwen3 convert {shlex.join(sources)} --name mixed --dataset-dir data "
        "--mix thinking=0.75 --val 0.05 --test 0.05",
        f"lf-qwen3 recipe new qwen3-4b-lora-sft --dataset mixed --dataset-dir data --out {out}",
        f"llamafactory-cli train {out}/train.yaml",
        f"lf-qwen3 evaluate {out}",
        f"llamafactory-cli chat {out}/chat.yaml",
    ]
