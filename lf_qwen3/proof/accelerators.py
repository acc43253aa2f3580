"""The GPUs and NPUs of this machine, by what their drivers leave in the file system, and by nvidia-smi.

torch is not asked: importing it takes seconds, and to ask it for memory takes some of that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Accelerator = Literal["NVIDIA GPU", "AMD GPU", "Ascend NPU"]

VISIBLE_DEVICES: dict[Accelerator, tuple[str, ...]] = {
    "NVIDIA GPU": ("CUDA_VISIBLE_DEVICES",),
    "AMD GPU": ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"),
    "Ascend NPU": ("ASCEND_RT_VISIBLE_DEVICES",),
}
"""The environment variables that hide devices, by the kind of device."""


def find_accelerators(root: Path = Path("/")) -> list[Accelerator]:
    """Return the kinds of devices whose driver is loaded; `root` is the root of the file system."""
    has_nvidia = (root / "proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None
    drivers: dict[Accelerator, bool] = {
        "NVIDIA GPU": has_nvidia,
        "AMD GPU": (root / "dev/kfd").exists(),
        "Ascend NPU": any((root / "dev").glob("davinci[0-9]*")),
    }
    return [accelerator for accelerator, is_loaded in drivers.items() if is_loaded]


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU: the bytes that are free on it, and its compute capability (from 8.0 it knows bf16)."""

    name: str
    free: int
    capability: float


def read_gpus() -> list[Gpu]:
    """Return the NVIDIA GPUs that a training started from here would see; [] where nvidia-smi shows none."""
    command = [
        "nvidia-smi",
        "--query-gpu=index,name,memory.free,compute_cap",
        "--format=csv,noheader,nounits",
    ]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    gpus = {}
    for line in shown.splitlines():
        index, name, free, capability = (cell.strip() for cell in line.split(","))
        if free.isdecimal():  # a GPU that is cut into instances shows [N/A]
            gpus[index] = Gpu(name, int(free) << 20, float(capability))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    chosen = gpus if visible is None else map(str.strip, visible.split(","))
    return [gpus[index] for index in chosen if index in gpus]


_SECONDS = 20
