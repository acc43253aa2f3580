"""Skip what needs a package that is not installed, without importing it."""

import importlib.util

import pytest


def require(*packages: str) -> None:
    """Skip the file or the test that calls this where one of `packages` is missing.

    `pytest.importorskip` would import them, in each process that collects the file.
    """
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}", allow_module_level=True)
