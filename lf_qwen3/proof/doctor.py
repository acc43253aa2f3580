"""Check the environment: what is missing or mismatched, why it matters, and the command that cures it.

Only metadata is read: nothing heavy is imported, and an answer takes a fraction of a second.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from lf_qwen3 import __version__
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.packages import version
from lf_qwen3.proof.accelerators import VISIBLE_DEVICES, Accelerator, find_accelerators
from lf_qwen3.proof.known_broken import fits, list_broken, read_versions
from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.results.gguf import tools as llama_cpp
from lf_qwen3.trainer import versions as trainer_versions

TRAINER = "llamafactory"
_TORCH_FAMILY = ("torchvision", "torchaudio")
_METRICS = ("jieba", "nltk", "rouge-chinese")
_OPTIONAL = {
    "swanlab": "use_swanlab: true needs it",
    "bitsandbytes": "QLoRA (quantization_bit) needs it",
    "deepspeed": "several GPUs with ZeRO need it",
    "modelscope": "USE_MODELSCOPE_HUB=1 needs it",
    "rensa": "check looks for near-duplicates with it",
    "xllamacpp": "gguf tests the files that it makes with its server",
}
_ROOM = 20 << 30
_SIZES = ("0.6B", "1.7B", "4B", "8B", "14B", "32B", "30B-A3B", "235B-A22B")
_MODELS = tuple(f"Qwen/Qwen3-{size}{ending}" for size in _SIZES for ending in ("", "-Instruct-2507", "-Base"))


@dataclass(frozen=True, slots=True)
class EnvironmentFinding:
    """A problem stops or spoils a run; a note only limits what can be done."""

    level: Literal["problem", "note"]
    what: str
    why: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class EnvironmentReport:
    """The findings, and the versions of the packages that matter (None: not installed)."""

    findings: list[EnvironmentFinding]
    versions: dict[str, str | None]

    @property
    def is_good(self) -> bool:
        """Return whether there is no problem; notes do not count."""
        return all(finding.level == "note" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the report as `doctor --json` prints it."""
        symptoms = [asdict(finding) for finding in self.findings]
        return {"symptoms": symptoms, "versions": self.versions, "is_good": self.is_good}


def check_environment() -> EnvironmentReport:
    """Check Python, the trainer and its pins, the torch family, the metric parts, the GPU and the disk."""
    checks: tuple[Callable[[], Iterator[EnvironmentFinding]], ...] = (
        _python,
        _trainer,
        _pins,
        _known_broken,
        _torch_family,
        _metrics,
        _tokenizer,
        _accelerators,
        _disk,
        _optional,
        _llama_cpp,
    )
    names = (TRAINER, "torch", *_TORCH_FAMILY, "transformers", "datasets", *_METRICS, *_OPTIONAL)
    versions = {"python": sys.version.split()[0], "lf-qwen3": __version__, **{n: version(n) for n in names}}
    return EnvironmentReport([finding for check in checks for finding in check()], versions)


def build(name: str) -> str:
    """Return what a package of the torch family was built for: cpu, cu130, ...; "" where it does not say.

    The version of a wheel from the index says nothing; the package's own version.py does.
    """
    named = (version(name) or "").partition("+")[2]
    spec = None if named else importlib.util.find_spec(name)
    if spec is None or not spec.origin:
        return named
    try:
        text = Path(spec.origin).with_name("version.py").read_text("utf-8")
    except OSError:
        return ""
    match = re.search(r"__version__ = '[^'+]*\+([^']+)'", text)
    return match[1] if match else ""


_problem = partial(EnvironmentFinding, "problem")
_note = partial(EnvironmentFinding, "note")


def _python() -> Iterator[EnvironmentFinding]:
    try:
        needed = metadata.metadata(TRAINER)["Requires-Python"]
    except (metadata.PackageNotFoundError, KeyError):
        return
    own = ".".join(map(str, sys.version_info[:3]))
    if needed and not fits(needed, own):
        why = f"{TRAINER} {version(TRAINER)} needs Python {needed}"
        yield _problem(f"this is Python {own}", why, "make an environment: python3.11 -m venv .venv")


def _trainer() -> Iterator[EnvironmentFinding]:
    if version(TRAINER) is None:
        yield _problem(
            "LLaMA-Factory is not installed here",
            "convert, check and recipe work without it; training, predicting and rehearse do not",
            'pip install "lf-qwen3[train]"',
        )


def _pins() -> Iterator[EnvironmentFinding]:
    """Compare every requirement of the trainer, its marker considered, with what is installed."""
    if version(TRAINER) is None:
        return
    for name, specifier, needed in _requirements(TRAINER):
        installed = version(name)
        if installed is None:
            why = f"{TRAINER} {version(TRAINER)} needs {name}{specifier}"
            yield _problem(f"{name} is not installed", why, f'pip install "{name}{specifier}"')
        elif not needed(installed):
            why = f"{TRAINER} {version(TRAINER)} was made for {name}{specifier}"
            yield _problem(f"{name} is {installed}", why, f'pip install "{name}{specifier}"')


def _known_broken() -> Iterator[EnvironmentFinding]:
    """Name the settings that the installed versions break, and a trainer whose settings are not known."""
    if mismatch := trainer_versions.describe_mismatch():
        yield _note(
            mismatch, "settings that differ between the versions may be judged wrongly", "docs/versions.md"
        )
    installed = read_versions()
    for entry in list_broken(installed) if version(TRAINER) else ():
        what = f"{entry.setting} fails with {entry.name_versions(installed)}"
        yield _note(what, f"{entry.symptom} ({entry.source})", entry.cure)


def _torch_family() -> Iterator[EnvironmentFinding]:
    """Compare torchvision and torchaudio with torch: a pair that does not match fails at import."""
    torch = version("torch")
    if torch is None:
        return
    for member in _TORCH_FAMILY:
        installed = version(member)
        if installed is None:
            why = "the trainer imports it at its start (data/mm_plugin.py)"
            yield _problem(f"{member} is not installed", why, f"pip install {member}")
            continue
        for name, specifier, needed in _requirements(member):
            if name == "torch" and not needed(torch):
                why = f"this {member} was built for torch{specifier}; beside another it fails at import"
                cure = f"pip install --upgrade torch {' '.join(_TORCH_FAMILY)}"
                yield _problem(f"torch {torch} is installed beside {member} {installed}", why, cure)
        builds = [built_for for built_for in (build("torch"), build(member)) if built_for]
        if len(set(builds)) == 2:
            why = f"one is built for {builds[0]}, one for {builds[1]}: importing {member} fails"
            cure = f"pip install --force-reinstall torch {' '.join(_TORCH_FAMILY)}"
            yield _problem(f"torch {torch} is installed beside {member} {installed}", why, cure)


def _metrics() -> Iterator[EnvironmentFinding]:
    missing = [name for name in _METRICS if version(name) is None]
    if missing and version(TRAINER):
        yield _problem(
            f"missing: {', '.join(missing)}",
            "predict_with_generate scores with them and ends in an ImportError",
            f"pip install {' '.join(missing)}",
        )


def _tokenizer() -> Iterator[EnvironmentFinding]:
    if version("dashscope") is None and not any(map(_is_at_hand, _MODELS)):
        why = (
            "demo and rehearse need Qwen's tokenizer: none is in a local hub cache, and dashscope, which "
            "contains it, is not installed"
        )
        yield _note("no Qwen3 tokenizer was found", why, "pip install dashscope")


def _is_at_hand(model: str) -> bool:
    try:
        return tokenizer_files.find(model).is_dir()
    except UsageError:
        return False


def _accelerators() -> Iterator[EnvironmentFinding]:
    accelerators = find_accelerators()
    if not accelerators:
        why = "demo, check and rehearse run on the CPU; real training on the CPU is far too slow"
        yield _note("no NVIDIA or AMD GPU and no Ascend NPU is visible", why)
        return
    accelerator = accelerators[0]
    yield from _TORCH_CHECKS[accelerator]()
    for variable in VISIBLE_DEVICES[accelerator]:
        if os.environ.get(variable) in ("", "-1"):
            why = f"{variable} is set to none, so training would run on the CPU"
            yield _problem(f"the {accelerator[-3:]} is hidden", why, f"unset {variable}")


def _torch_for_nvidia() -> Iterator[EnvironmentFinding]:
    if build("torch") == "cpu":
        why = "training would run on the CPU"
        cure = f"pip install --force-reinstall torch {' '.join(_TORCH_FAMILY)}"
        what = "there is a GPU, and this torch is built for the CPU alone"
        yield _problem(what, why, cure)


def _torch_for_amd() -> Iterator[EnvironmentFinding]:
    """Note a torch without ROCm: no problem, since a small GPU inside the CPU has the same driver."""
    if version("torch") and not (built_for := build("torch")).startswith("rocm"):
        what = f"there is an AMD GPU, and this torch is built for {built_for or 'something else'}"
        yield _note(what, "training on it needs the ROCm build of torch")


def _torch_for_ascend() -> Iterator[EnvironmentFinding]:
    if version("torch") and version("torch-npu") is None:
        what = "there is an Ascend NPU, and torch-npu is not installed"
        yield _problem(what, "training would run on the CPU", "pip install torch-npu")


_TORCH_CHECKS: dict[Accelerator, Callable[[], Iterator[EnvironmentFinding]]] = {
    "NVIDIA GPU": _torch_for_nvidia,
    "AMD GPU": _torch_for_amd,
    "Ascend NPU": _torch_for_ascend,
}


def _disk() -> Iterator[EnvironmentFinding]:
    free = shutil.disk_usage(".").free
    if free < _ROOM:
        why = "a 4B model takes 8 GB, and every checkpoint of a full fine-tune several times that"
        yield _note(f"{free / (1 << 30):.0f} GiB are free on this disk", why)


def _optional() -> Iterator[EnvironmentFinding]:
    for name, why in _OPTIONAL.items():
        if version(name) is None:
            yield _note(f"{name} is not installed", why, f"pip install {name}")


def _llama_cpp() -> Iterator[EnvironmentFinding]:
    build = " && ".join((llama_cpp.CLONE, *llama_cpp.BUILD))
    cures = {llama_cpp.CONVERTER: llama_cpp.CLONE, llama_cpp.QUANTISER: build}
    for name, cure in cures.items():
        if llama_cpp.find_part(name) is None:
            yield _note(f"{name} is not in PATH", "gguf needs it there, or below its --llama-cpp DIR", cure)


def _requirements(name: str) -> Iterator[tuple[str, str, Callable[[str], bool]]]:
    """Yield (name, specifier, test of a version) for what a distribution requires here, extras left out."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return
    for line in metadata.requires(name) or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name, str(requirement.specifier), partial(fits, str(requirement.specifier))
