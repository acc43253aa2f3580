"""Find the plug-ins that live one to a file: import every module of a package once."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points


@cache
def import_all(package: str, entry_point_group: str = "") -> None:
    """Import each public module below `package`, then what third parties offer under the group.

    A module registers itself by a decorator when it is imported; nothing is listed by hand.
    """
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package}.{module.name}")
    if entry_point_group:
        for entry in entry_points(group=entry_point_group):
            entry.load()
