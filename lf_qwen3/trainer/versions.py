"""The installed LLaMA-Factory, and the supported version whose settings are used for it.

Nothing of the trainer is imported: its version is in a file, read from where Python would import it (a
wheel, an editable install, a checkout on PYTHONPATH).
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path

from lf_qwen3.base.coded import CodedText

KNOWN = {"0.9.5": "training.schema.json", "0.9.6.dev0": "training-0.9.6.schema.json"}
"""Versions of LLaMA-Factory, oldest first, and the file in recipes/ that holds the keys each one takes."""

_VERSION = re.compile(r'^VERSION = "([^"]+)"', re.MULTILINE)


@cache
def find_trainer() -> Path | None:
    """Return the folder of the package `llamafactory`, None where it is not installed."""
    spec = importlib.util.find_spec("llamafactory")
    return Path(spec.origin).parent if spec and spec.origin else None


@cache
def installed_version() -> str | None:
    """Return the version of the installed trainer (its extras/env.py), None where none is installed."""
    folder = find_trainer()
    try:
        text = (folder / "extras" / "env.py").read_text("utf-8") if folder else ""
    except OSError:
        return None
    match = _VERSION.search(text)
    return match[1] if match else None


def known_version(installed: str | None) -> str:
    """Return the newest known version up to the installed one, or the oldest known version.

    Where nothing is installed, that is the release that `lf-qwen3[train]` installs.
    """
    if installed is None or installed in KNOWN:
        return installed or next(iter(KNOWN))
    older = [version for version in KNOWN if _release(version) <= _release(installed)]
    return older[-1] if older else next(iter(KNOWN))


def find_mismatch() -> dict[str, str]:
    """Return, where the installed trainer is not a known version, it, the known ones and the one judged by.

    The keys are `installed`, `known` and `judge`; nothing is returned where all is well.
    """
    installed = installed_version()
    if installed is None or installed in KNOWN:
        return {}
    return {"installed": installed, "known": ", ".join(KNOWN), "judge": known_version(installed)}


def describe_mismatch() -> str:
    """Return a sentence where the installed trainer is none of the known versions, "" where it is one."""
    sentence = "LLaMA-Factory {installed} is installed; lf-qwen3 knows {known} and judges settings by {judge}"
    mismatch = find_mismatch()
    return CodedText(sentence.format(**mismatch), "version_mismatch", mismatch) if mismatch else ""


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers before a suffix such as .dev0: (0, 9, 6)."""
    return tuple(map(int, re.findall(r"\d+", version)[:3]))
