"""Write a dataset to a store, which knows no rename: under new names, and the manifest last.

The files of each conversion are in a folder NAME.RUN of their own and are named nowhere until all of them
are there. Then dataset_info.json is changed, which is one write, and last the manifest. Whatever ends a
conversion before that leaves the dataset as it was; the same conversion, run again, has the same RUN.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

from xxhash import xxh3_64_hexdigest

from lf_qwen3 import __version__
from lf_qwen3.base.storage import StorePath, upload, version_of
from lf_qwen3.data import registry
from lf_qwen3.data.convert.manifest import MANIFEST_END
from lf_qwen3.data.convert.options import ConvertOptions, ConvertSource

_UPLOADS = 4
_SPEED = ("dataset_dir", "replace", "workers", "part_bytes", "ray_address")
"""Options that change nothing in the files."""


class StoreStage:
    """A folder of this machine in which the files of `name` are made before they go to the store."""

    def __init__(self, folder: StorePath, run_folder: str) -> None:
        self.folder = folder
        self.run_folder = run_folder
        self.path = Path()

    def __enter__(self) -> Self:
        self.path = Path(tempfile.mkdtemp(prefix="lf-qwen3-"))
        (self.path / self.run_folder).mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def commit(
        self,
        replace: Sequence[str],
        delete: Sequence[str],
        entries: Mapping[str, dict[str, Any]],
        drop_entries: Sequence[str],
    ) -> None:
        """Write the files `replace`, register `entries` and drop others, delete the files of before."""
        registry.plan_change(self.folder, entries, drop_entries, replace=True)  # raises for a broken file
        files = [path for name in replace for path in _files_of(self.path / name)]
        last = [path for path in files if path.name.endswith(MANIFEST_END)]
        with ThreadPoolExecutor(_UPLOADS) as uploads:
            list(uploads.map(self._upload, (path for path in files if path not in last)))
        registry.edit_registry(self.folder, entries, drop_entries, replace=True)
        for path in last:
            self._upload(path)
        for name in delete:
            for path in (self.folder / name).rglob("*"):
                path.unlink(missing_ok=True)

    def _upload(self, path: Path) -> None:
        upload(path, self.folder / path.relative_to(self.path))


def name_run(options: ConvertOptions, files: Iterable[ConvertSource]) -> str:
    """Return the name of a conversion: the same for the same options, sources and version of this program."""
    given = {field.name: getattr(options, field.name) for field in fields(options)}
    asked = [__version__, *(f"{key}={value!r}" for key, value in given.items() if key not in _SPEED)]
    for source in files:
        stat = source.file.path.stat()
        asked += [source.label, source.converter, f"{stat.st_size}:{version_of(source.file.path)}"]
    return xxh3_64_hexdigest("\0".join(asked).encode("utf-8", "surrogatepass"))[:12]


def _files_of(path: Path) -> list[Path]:
    """Return the files behind a name; none for what was written to the store already."""
    return sorted(path.iterdir()) if path.is_dir() else [path] if path.exists() else []
