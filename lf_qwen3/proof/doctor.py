"""Look over the environment: what is missing or mismatched, why it matters, and the command that cures it.

Only metadata is read: nothing heavy is imported, and an answer takes a fraction of a second.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Literal

from lf_qwen3 import __version__
from lf_qwen3.base.errors import UsageError
from lf_qwen3.qwen3 import tokenizer_files

TRAINER = "llamafactory"
_TORCH_FAMILY = ("torchvision", "torchaudio")
_METRICS = ("jieba", "nltk", "rouge-chinese")
_OPTIONAL = {
    "swanlab": "use_swanlab: true needs it",
    "bitsandbytes": "QLoRA (quantization_bit) needs it",
    "deepspeed": "several GPUs with ZeRO need it",
    "modelscope": "USE_MODELSCOPE_HUB=1 needs it",
    "rensa": "check looks for near-duplicates with it",
}
_ROOM = 20 << 30
_SIZES = ("0.6B", "1.7B", "4B", "8B", "14B", "32B", "30B-A3B", "235B-A22B")
_MODELS = tuple(f"Qwen/Qwen3-{size}{ending}" for size in _SIZES for ending in ("", "-Instruct-2507", "-Base"))


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing found; a problem stops or spoils a run, a note only limits what can be done."""

    level: Literal["problem", "note"]
    what: str
    why: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """What was found, and the versions that were looked at (None: not installed)."""

    symptoms: list[Symptom]
    versions: dict[str, str | None]

    @property
    def is_good(self) -> bool:
        """Tell whether no problem was found; notes do not count."""
        return all(symptom.level == "note" for symptom in self.symptoms)


def examine() -> Health:
    """Look at Python, the trainer and its pins, the torch family, the metric parts, the GPU and the disk."""
    looks: tuple[Callable[[], Iterator[Symptom]], ...] = (
        _python,
        _trainer,
        _pins,
        _torch_family,
        _metrics,
        _tokenizer,
        _gpu,
        _disk,
        _optional,
    )
    names = (TRAINER, "torch", *_TORCH_FAMILY, "transformers", "datasets", *_METRICS, *_OPTIONAL)
    versions = {"python": sys.version.split()[0], "lf-qwen3": __version__, **{n: version(n) for n in names}}
    return Health([symptom for look in looks for symptom in look()], versions)


def version(name: str) -> str | None:
    """Return the installed version of a distribution, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def build(name: str) -> str:
    """Return what a package of the torch family was built for: cpu, cu130, ...; "" where it does not say.

    The version of a wheel from the index says nothing; the package's own version.py does.
    """
    found = (version(name) or "").partition("+")[2]
    spec = None if found else importlib.util.find_spec(name)
    if spec is None or not spec.origin:
        return found
    try:
        text = Path(spec.origin).with_name("version.py").read_text("utf-8")
    except OSError:
        return ""
    own = re.search(r"__version__ = '[^'+]*\+([^']+)'", text)
    return own[1] if own else ""


def _python() -> Iterator[Symptom]:
    try:
        needed = metadata.metadata(TRAINER)["Requires-Python"]
    except (metadata.PackageNotFoundError, KeyError):
        return
    own = ".".join(map(str, sys.version_info[:3]))
    if needed and not _fits(needed, own):
        why = f"{TRAINER} {version(TRAINER)} needs Python {needed}"
        yield Symptom(
            "problem", f"this is Python {own}", why, "make an environment: python3.11 -m venv .venv"
        )


def _trainer() -> Iterator[Symptom]:
    if version(TRAINER) is None:
        yield Symptom(
            "problem",
            "LLaMA-Factory is not installed here",
            "convert, check and recipe work without it; training, predicting and rehearse do not",
            'pip install "lf-qwen3[train]"',
        )


def _pins() -> Iterator[Symptom]:
    """Hold every requirement of the trainer, its marker considered, against what is installed."""
    if version(TRAINER) is None:
        return
    for name, specifier, needed in _requirements(TRAINER):
        found = version(name)
        if found is None:
            why = f"{TRAINER} {version(TRAINER)} needs {name}{specifier}"
            yield Symptom("problem", f"{name} is not installed", why, f'pip install "{name}{specifier}"')
        elif not needed(found):
            why = f"{TRAINER} {version(TRAINER)} was made for {name}{specifier}"
            yield Symptom("problem", f"{name} is {found}", why, f'pip install "{name}{specifier}"')


def _torch_family() -> Iterator[Symptom]:
    """Hold torchvision and torchaudio against torch: a pair that does not match fails at import."""
    torch = version("torch")
    if torch is None:
        return
    for member in _TORCH_FAMILY:
        found = version(member)
        if found is None:
            why = "the trainer imports it at its start (data/mm_plugin.py)"
            yield Symptom("problem", f"{member} is not installed", why, f"pip install {member}")
            continue
        for name, specifier, fits in _requirements(member):
            if name == "torch" and not fits(torch):
                why = f"this {member} was built for torch{specifier}; beside another it fails at import"
                cure = f"pip install --upgrade torch {' '.join(_TORCH_FAMILY)}"
                yield Symptom("problem", f"{member} {found} stands beside torch {torch}", why, cure)
        builds = [one for one in (build("torch"), build(member)) if one]
        if len(set(builds)) == 2:
            why = f"one is built for {builds[0]}, one for {builds[1]}: importing {member} fails"
            cure = f"pip install --force-reinstall torch {' '.join(_TORCH_FAMILY)}"
            yield Symptom("problem", f"{member} {found} stands beside torch {torch}", why, cure)


def _metrics() -> Iterator[Symptom]:
    missing = [name for name in _METRICS if version(name) is None]
    if missing and version(TRAINER):
        yield Symptom(
            "problem",
            f"missing: {', '.join(missing)}",
            "predict_with_generate scores with them and ends in an ImportError",
            f"pip install {' '.join(missing)}",
        )


def _tokenizer() -> Iterator[Symptom]:
    if version("dashscope") is None and not any(map(_is_at_hand, _MODELS)):
        why = "no Qwen3 is in a hub's cache here, and demo and rehearse make Qwen's tokenizer from dashscope"
        yield Symptom("note", "no Qwen3 tokenizer is at hand", why, "pip install dashscope")


def _is_at_hand(model: str) -> bool:
    try:
        return tokenizer_files.find(model).is_dir()
    except UsageError:
        return False


def _gpu() -> Iterator[Symptom]:
    if not has_gpu():
        why = "demo, check and rehearse run on the CPU; real training does not in any useful time"
        yield Symptom("note", "no NVIDIA GPU is visible", why)
    elif build("torch") == "cpu":
        why = "training would run on the CPU"
        cure = f"pip install --force-reinstall torch {' '.join(_TORCH_FAMILY)}"
        yield Symptom("problem", "there is a GPU, and this torch is built for the CPU alone", why, cure)
    elif os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        why = "CUDA_VISIBLE_DEVICES is set to none, so training would run on the CPU"
        yield Symptom("problem", "the GPU is hidden", why, "unset CUDA_VISIBLE_DEVICES")


def has_gpu() -> bool:
    """Tell whether the driver of an NVIDIA GPU is loaded; torch is not asked, it takes seconds."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def _disk() -> Iterator[Symptom]:
    free = shutil.disk_usage(".").free
    if free < _ROOM:
        why = "a 4B model takes 8 GB, and every checkpoint of a full fine-tune several times that"
        yield Symptom("note", f"{free / (1 << 30):.0f} GiB are free on this disk", why)


def _optional() -> Iterator[Symptom]:
    for name, why in _OPTIONAL.items():
        if version(name) is None:
            yield Symptom("note", f"{name} is not installed", why, f"pip install {name}")


def _requirements(name: str) -> Iterator[tuple[str, str, Callable[[str], bool]]]:
    """Yield (name, specifier, test of a version) for what a distribution requires here, extras left out."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return
    for line in metadata.requires(name) or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name, str(requirement.specifier), partial(_fits, str(requirement.specifier))


def _fits(specifier: str, found: str) -> bool:
    """Tell whether a version fits; where packaging is missing there is no telling."""
    try:
        from packaging.specifiers import SpecifierSet
    except ImportError:
        return True
    return SpecifierSet(specifier).contains(found, prereleases=True)
