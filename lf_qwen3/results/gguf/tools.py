"""Find llama.cpp's parts, and say how to get those that are missing."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from lf_qwen3.base import assets
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.packages import version

CONVERTER, QUANTISER, SERVER = "convert_hf_to_gguf.py", "llama-quantize", "llama-server"
WHEEL = "xllamacpp"
"""A wheel that holds llama.cpp's server (PyPI, extra `gguf`)."""

TAG = "v0.5.0"
"""The tag of llama.cpp that the commands name."""

INSTALL = 'pip install "lf-qwen3[gguf]"'
CLONE = f"git clone --depth 1 --branch {TAG} https://github.com/ggml-org/llama.cpp"
BUILD = (
    "cmake -S llama.cpp -B llama.cpp/build -DCMAKE_BUILD_TYPE=Release -DLLAMA_BUILD_UI=OFF "
    "-DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF "
    "-DLLAMA_BUILD_APP=OFF",
    'cmake --build llama.cpp/build -j "$(nproc)" --target llama-quantize llama-server',
)
"""Builds with a bounded number of jobs, and downloads nothing while it builds."""


@dataclass(frozen=True, slots=True)
class LlamaCpp:
    """The parts of llama.cpp: converter, quantiser (None: not there), server (None: the wheel)."""

    converter: Path
    quantiser: Path | None
    server: Path | None

    def describe(self) -> dict[str, str]:
        """Return where each part is from, for the report."""
        server = str(self.server) if self.server else f"{WHEEL} {version(WHEEL)}"
        return {"converter": str(self.converter), "quantiser": str(self.quantiser or ""), "server": server}


def find_part(name: str, folder: Path | None = None) -> Path | None:
    """Return a part of llama.cpp in a checkout (at its top, or built below build/bin), or in PATH."""
    below = [folder / place / name for place in ("", "build/bin", "bin")] if folder else []
    named = next((path for path in below if path.is_file()), None)
    on_path = shutil.which(name) or next(
        (file for place in os.get_exec_path() if os.path.isfile(file := os.path.join(place, name))), None
    )
    return named or (Path(on_path) if on_path else None)


def has_wheel() -> bool:
    """Return whether the wheel with the server is installed."""
    return importlib.util.find_spec(WHEEL) is not None


def find_llama_cpp(folder: Path | None, kind: str) -> LlamaCpp:
    """Return the parts that making a file of type `kind` needs.

    Raises `UsageError` for a folder that does not exist, `LfQwen3Error` with the commands for a missing part.
    """
    if folder is not None and not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", "name a checkout of llama.cpp", code="file_missing")
    converter, quantiser, server = (find_part(name, folder) for name in (CONVERTER, QUANTISER, SERVER))
    missing = {
        CONVERTER: converter is None,
        QUANTISER: quantiser is None and kind not in ("F16", "Q8_0"),
        SERVER: server is None and not has_wheel(),
    }
    if names := [name for name, is_missing in missing.items() if is_missing]:
        wheel = [f"{INSTALL}   # the server"] if missing[SERVER] else []
        build = list(BUILD) if missing[QUANTISER] else []
        place = [CLONE] if missing[CONVERTER] or build else []
        commands = "\n  ".join([*wheel, *place, *build])
        raise LfQwen3Error(
            f"llama.cpp is not complete here: {', '.join(names)} missing",
            f"install it, then name it with --llama-cpp llama.cpp:\n  {commands}{_describe_own(names)}",
            code="llama_cpp_missing",
        )
    assert converter is not None
    return LlamaCpp(converter.resolve(), quantiser, server)


def _describe_own(missing: list[str]) -> str:
    """Return the command that fetches the converter in a checkout of this project, where that is enough."""
    checkout = assets.checkout()
    if checkout is None or CONVERTER not in missing or QUANTISER in missing:
        return ""
    command = shlex.join(["make", "-C", str(checkout), "llama-cpp"])
    own = shlex.quote(str(checkout / ".venv" / "llama.cpp"))
    return f"\nor, instead of the clone, fetch only the converter and use --llama-cpp {own}:\n  {command}"


def check_kind(kind: str) -> str:
    """Return the name of a type in llama.cpp's spelling. Raises `UsageError` for one it does not have."""
    if not re.fullmatch(r"F16|Q8_0|Q6_K|Q[345]_K_[SM]|Q3_K_L|Q2_K", kind.upper()):
        raise UsageError(
            f"there is no GGUF type '{kind}' here",
            "use Q8_0, Q5_K_M or Q4_K_M; with --limit also Q6_K, Q5_K_S, Q4_K_S, Q3_K_M, Q2_K",
            code="option_value",
        )
    return kind.upper()
