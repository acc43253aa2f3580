"""The places of the folders that a YAML names."""

from __future__ import annotations

from pathlib import Path


def beside(folder: Path, named: object) -> Path | None:
    """Return a folder that a YAML in `folder` names: its path, or its last part beside the YAML.

    The paths in a recipe's YAML are seen from where it was written; a whole folder may have moved since. None
    where nothing is named.
    """
    if not isinstance(named, str) or not named:
        return None
    moved = folder / Path(named).name
    return moved if moved.is_dir() else Path(named)
