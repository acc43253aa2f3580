"""Files on a store that fsspec knows (s3, gs, oss, hdfs, ...), under the face of a `pathlib.Path`.

    path_of("s3://bucket/data")      # a StorePath; of any other text a Path

The rest of the package opens, lists and writes a `Path` without asking what it is. A store has neither locks
nor renames, and its folders are only the beginnings of names: `is_store` says where that makes a difference.
fsspec is imported at the first use of a URL.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from lf_qwen3.base.errors import UsageError

INSTALL = 'pip install "lf-qwen3[remote]"'

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_BLOCK = 8 << 20
_CHANGED = ("ETag", "etag", "md5Hash", "crc32c", "checksum", "LastModified", "mtime", "created")
"""What stores say of a file that changes with its content, the surest first."""


class StorePath(type(Path())):  # type: ignore[misc]
    """A file or a folder on a store; its text is the URL. What fails raises OSError, as a file would."""

    def __str__(self) -> str:
        """Return the URL: a path of parts would have lost one of its slashes."""
        scheme, _, rest = super().__str__().partition(":/")
        return f"{scheme}://{rest.lstrip('/')}"

    def __fspath__(self) -> str:
        """Return the URL, which is not a path of this machine."""
        return str(self)

    def as_posix(self) -> str:
        """Return the URL."""
        return str(self)

    def open(self, mode: str = "r", buffering: int = -1, **text: Any) -> IO[Any]:
        """Open the file, to read or to write; what is written is there when the file is closed."""
        with self._as_os_error():
            raw = self._system.open(str(self), mode.strip("tb") + "b", block_size=_BLOCK)
        return cast(IO[Any], raw if "b" in mode else io.TextIOWrapper(raw, **text))

    def stat(self, **_: Any) -> os.stat_result:
        """Return the size of the file, and in place of a time a number that changes with its content."""
        info = self._info()
        if info is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self))
        version = next((str(info[key]).strip('"') for key in _CHANGED if info.get(key)), "")
        return _StoreStat(int(info.get("size") or 0), version)  # type: ignore[return-value]

    def exists(self, **_: Any) -> bool:
        """Return whether there is a file, or a folder that holds some."""
        return self._info() is not None

    def is_file(self, **_: Any) -> bool:
        """Return whether it is a file."""
        info = self._info()
        return info is not None and info["type"] == "file"

    def is_dir(self, **_: Any) -> bool:
        """Return whether some file is below."""
        info = self._info()
        return info is not None and info["type"] == "directory"

    def iterdir(self) -> Iterator[StorePath]:
        """Yield what is in the folder."""
        with self._as_os_error():
            names = self._system.ls(str(self), detail=False)
        own = self._system._strip_protocol(str(self))
        return (self._beside(name) for name in sorted(names) if name.rstrip("/") != own.rstrip("/"))

    def rglob(self, pattern: str) -> Iterator[StorePath]:
        """Yield all files below the folder: the one pattern that is known is "*"."""
        with self._as_os_error():
            return map(self._beside, self._system.find(str(self)))

    def match_files(self) -> list[StorePath]:
        """Return the files that match this path, which is a glob."""
        with self._as_os_error():
            matches = self._system.glob(str(self), detail=True)
        return [self._beside(name) for name, info in matches.items() if info["type"] == "file"]

    def mkdir(self, *_: Any, **__: Any) -> None:
        """Do nothing: a folder is there as soon as a file is in it."""

    def unlink(self, missing_ok: bool = False) -> None:
        """Delete the file."""
        with contextlib.suppress(*([FileNotFoundError] if missing_ok else [])), self._as_os_error():
            self._system.rm_file(str(self))

    def resolve(self, strict: bool = False) -> StorePath:
        """Return the path itself: a store has no links."""
        return self

    def upload(self, file: Path) -> None:
        """Write a file of this machine to this place."""
        with self._as_os_error():
            self._system.put_file(str(file), str(self))

    @property
    def _system(self) -> Any:
        return _open_system(self.parts[0].rstrip(":"), self.parts[1] if len(self.parts) > 1 else "")

    def _info(self) -> dict[str, Any] | None:
        try:
            with self._as_os_error():
                return cast("dict[str, Any]", self._system.info(str(self)))
        except FileNotFoundError:
            return None

    def _beside(self, name: str) -> StorePath:
        """Return the path of a name as the file system gives it, which is without the protocol."""
        return StorePath(self._system.unstrip_protocol(name))

    @contextlib.contextmanager
    def _as_os_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.filename is None:
                error.filename = str(self)
            raise
        except Exception as error:  # each store has exceptions of its own
            raise OSError(errno.EIO, f"{type(error).__name__}: {error}", str(self)) from error


class _StoreStat:
    def __init__(self, size: int, version: str) -> None:
        self.st_size = size
        self.st_mtime_ns = hash(version)
        self.version = version


def path_of(place: str | os.PathLike[str]) -> Path:
    """Return the path of a file or folder here, or of a URL such as s3://bucket/data.

    Raises `UsageError` ("extra_missing") where fsspec, or its part for that store, is not installed.
    """
    text = os.fspath(place)
    scheme = _URL.match(text)
    if not scheme:
        return Path(text)
    if scheme[1] in ("file", "local"):
        return Path(text[scheme.end() :])
    if text.startswith("hdfs:///"):
        text = text.replace("hdfs:///", "hdfs://default/", 1)  # the name node of the cluster's settings
    path = StorePath(text)
    path._system  # noqa: B018  # raises where it is not installed
    return path


def is_store(path: Path) -> bool:
    """Return whether a path is on a store: there is no lock and no rename there."""
    return isinstance(path, StorePath)


def is_url(text: str) -> bool:
    """Return whether a text is the URL of something on a store."""
    return bool(_URL.match(text)) and is_store(path_of(text))


def upload(file: Path, place: Path) -> None:
    """Write a file of this machine to a place on a store."""
    StorePath(place).upload(file)


def version_of(path: Path) -> str:
    """Return what tells the content of a file from another: the time, or of a store its own checksum."""
    stat = path.stat()
    return str(getattr(stat, "version", "") or stat.st_mtime_ns)


def open_raw(path: Path) -> io.RawIOBase:
    """Open a file for reading its bytes, without a buffer where it is on this machine."""
    return cast(io.RawIOBase, path.open("rb")) if is_store(path) else io.FileIO(path)


def _open_system(scheme: str, host: str) -> Any:
    try:
        import fsspec
    except ImportError as error:
        raise UsageError(
            f"{scheme}:// needs fsspec, which is not installed",
            f"run: {INSTALL}",
            code="extra_missing",
        ) from error
    try:
        options = fsspec.utils.infer_storage_options(f"{scheme}://{host}/")
        given = {key: options[key] for key in ("host", "port") if scheme == "hdfs" and options.get(key)}
        return fsspec.filesystem(scheme, use_listings_cache=False, **given)
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"{scheme}:// cannot be used: {error}",
            f"for s3:// run: {INSTALL}",
            code="extra_missing",
        ) from error
