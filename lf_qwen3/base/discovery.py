"""Find the plug-ins that live one to a file: import every module of a package once."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from functools import cache
from pathlib import Path


@cache
def import_all(package: str, entry_point_group: str = "") -> None:
    """Import each public module below `package`, then what third parties offer under the group.

    A module registers itself by a decorator when it is imported; nothing is listed by hand.
    """
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package}.{module.name}")
    if entry_point_group and _is_offered(entry_point_group):
        from importlib.metadata import entry_points

        for entry in entry_points(group=entry_point_group):
            entry.load()


def _is_offered(entry_point_group: str) -> bool:
    """Return whether an installed package names the group: where none does, the costly import is spared."""
    name = entry_point_group.encode()
    for folder in map(Path, sys.path):
        for kind in ("dist-info", "egg-info"):
            for file in folder.glob(f"*.{kind}/entry_points.txt"):
                if name in file.read_bytes():
                    return True
    return False
