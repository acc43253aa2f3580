"""Bytes of a file, unpacked and put into UTF-8 on the way."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.storage import open_raw
from lf_qwen3.data.sources.part import Compression, Encoding, SourceFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 256 << 10
_ZSTD_BLOCK = 64 << 10  # a read that meets the break loses what it had; frames are made of 128 KiB blocks


class Unpacked(io.RawIOBase):
    """The unpacked bytes of a file; they end quietly where it ends early, and `cut` then says how."""

    def __init__(self, path: Path, compression: Compression) -> None:
        super().__init__()
        self.cut = ""
        self._compression = compression
        self._packed = io.BufferedReader(open_raw(path), BLOCK)
        is_gzip = compression == "gzip"
        self._source: Any = gzip.GzipFile(fileobj=self._packed) if is_gzip else _open_zstd(self._packed)

    def readable(self) -> bool:
        """Let `io` know that this stream can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill `buffer` as far as one read goes; 0 at the end, be it the true one or a break."""
        target = memoryview(buffer).cast("B")
        block = b"" if self.cut else self._read(len(target))
        target[: len(block)] = block
        return len(block)

    def _read(self, wanted: int) -> bytes:
        try:
            if self._compression == "gzip":
                return cast(bytes, self._source.read1(wanted))
            return cast(bytes, self._source.read(min(wanted, _ZSTD_BLOCK)))
        except (EOFError, OSError, zlib.error) as error:
            self.cut = f"the {self._compression} stream ends early: {error}"
            return b""

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._source.close()
            self._packed.close()
        super().close()


class Transcoded(io.RawIOBase):
    """The bytes of a text in UTF-8; what is not a character of its encoding becomes 0xFF, no UTF-8."""

    def __init__(self, source: io.BufferedReader, encoding: Encoding) -> None:
        super().__init__()
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)(_BROKEN)
        self._ready = b""

    @property
    def cut(self) -> str:
        """How the file broke off, see `Unpacked`."""
        return cut_of(self._source)

    def readable(self) -> bool:
        """Let `io` know that this stream can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill `buffer` as far as one read goes; 0 at the end."""
        target = memoryview(buffer).cast("B")
        is_end = False
        while not self._ready and not is_end:
            block = self._source.read(BLOCK)
            is_end = not block
            self._ready = self._decoder.decode(block, is_end).encode("utf-8", "surrogateescape")
        taken, self._ready = self._ready[: len(target)], self._ready[len(target) :]
        target[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        """Close the file."""
        self._source.close()
        super().close()


def _escape_broken(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


_BROKEN = "lf_qwen3.broken"
codecs.register_error(_BROKEN, _escape_broken)


def open_source(file: SourceFile) -> io.BufferedReader:
    """Open a text file for reading it unpacked and in UTF-8. Raises `UsageError` when it cannot be opened."""
    source = open_bytes(file.path, file.compression)
    return io.BufferedReader(Transcoded(source, file.encoding), BLOCK) if file.encoding else source


def open_bytes(path: Path, compression: Compression = "") -> io.BufferedReader:
    """Open a file for reading its unpacked bytes. Raises `UsageError` when it cannot be opened."""
    try:
        if not compression:
            return io.BufferedReader(open_raw(path), BLOCK)
        return io.BufferedReader(Unpacked(path, compression), BLOCK)
    except OSError as error:
        raise cannot_read(path, error) from error


def skip_mark(file: io.BufferedReader) -> int:
    """Pass over the byte order mark at the beginning of a file; return its length, 0 for none."""
    mark = codecs.BOM_UTF8
    return len(file.read(len(mark))) if file.peek(len(mark)).startswith(mark) else 0


def skip_to(file: io.BufferedReader, start: int) -> None:
    """Go from the beginning of a file to the byte `start` of what it gives."""
    if file.seekable():
        file.seek(start)
        return
    while start > 0 and (block := file.read(min(start, BLOCK))):
        start -= len(block)


def cut_of(file: io.BufferedReader) -> str:
    """Return how a file that has been read to its end broke off, or "" when it is whole."""
    return file.raw.cut if isinstance(file.raw, Unpacked | Transcoded) else ""


def cannot_read(path: Path | str, error: OSError) -> UsageError:
    """Return the error that says why a path cannot be read, and what to do."""
    if isinstance(error, PermissionError):
        return UsageError(
            f"{path}: no permission to read it",
            f"ls -l '{path}' shows its owner; chmod +r makes it readable",
            code="no_permission",
        )
    if isinstance(error, FileNotFoundError):
        return UsageError(
            f"{path}: there is no such file",
            "a link whose target is missing? download the data again",
            code="file_missing",
        )
    if isinstance(error, IsADirectoryError):
        return UsageError(f"{path}: it is a folder", "name the file inside", code="not_a_file")
    return UsageError(
        f"{path}: {error.strerror or error}",
        "the file cannot be read; check the disk, or download it again",
        code="file_unreadable",
    )


def _open_zstd(packed: Any) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(packed, "zstd")
