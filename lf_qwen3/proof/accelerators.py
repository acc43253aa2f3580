"""The GPUs and NPUs of this machine, by what their drivers leave in the file system.

torch is not asked: importing it takes seconds.
"""

from __future__ import annotations

import shutil
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
