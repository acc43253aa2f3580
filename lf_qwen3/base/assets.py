"""Find the data folders that travel with the code, in a wheel and in a checkout alike."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from lf_qwen3.base.errors import LfQwen3Error

Name = Literal["dataset_info", "recipes", "web"]

_PACKAGE = Path(__file__).resolve().parents[1]


def checkout() -> Path | None:
    """Return the checkout that the code runs from, with its Makefile; None for an installed wheel."""
    return _PACKAGE.parent if (_PACKAGE.parent / "Makefile").is_file() else None


def folder(name: Name) -> Path:
    """Return the folder `dataset_info`, `recipes` or `web`.

    A wheel carries it as lf_qwen3/_assets/NAME; a checkout, an editable install and an unpacked sdist
    hold it beside the package. Raises `LfQwen3Error` if neither exists.
    """
    packed = _PACKAGE / "_assets" / name
    if packed.is_dir():
        return packed
    beside = _PACKAGE.parent / name
    if beside.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file():
        return beside
    raise LfQwen3Error(
        f"the folder {name} is missing: neither {packed} nor {beside} of a checkout exists",
        "the installation is incomplete; in the checkout run: pip install --force-reinstall --no-deps .",
        code="installation_incomplete",
    )
