"""ModelScope, through the hub part of its SDK, which imports no torch.

The SDK goes on with `FILE.incomplete`, tries a broken connection again and compares the sha256 of every file
with the listing; a file that differs it fetches again, three times in all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from modelscope_hub import HubApi, ProgressCallback

from lf_qwen3.data.download.hub import Listener, RemoteFile, Repo

_WORKERS = 4


def connect() -> ModelScope:
    """Return the hub; MODELSCOPE_ENDPOINT and MODELSCOPE_API_TOKEN of the environment hold."""
    return ModelScope()


class ModelScope:
    """The hub that has every dataset and model this project names."""

    def __init__(self) -> None:
        self.api = HubApi()

    def listing(self, repo: Repo, listener: Listener) -> list[RemoteFile]:
        """Return every file, with its sha256."""
        with _heard(listener):
            found = self.api.list_repo_files(repo.id, repo.kind, revision=repo.revision)
        return [RemoteFile(one.path, one.size, one.sha256 or None) for one in found if not one.is_dir]

    def fetch(
        self, repo: Repo, files: Sequence[RemoteFile], folder: Path, listener: Listener, again: bool
    ) -> None:
        """Fetch files, four at a time; what is half there is gone on with, and checked as a whole."""
        if again:
            for file in files:
                Path(folder, file.path + ".incomplete").unlink(missing_ok=True)
        listed = [{"Path": one.path, "Size": one.size, "Sha256": one.sha256, "Type": "blob"} for one in files]
        with _heard(listener):
            self.api.download_repo(
                repo.id,
                repo.kind,
                revision=repo.revision,
                local_dir=folder,
                max_workers=_WORKERS,
                progress_callbacks=[_telling(listener)],
                file_list=listed,
            )


def _telling(listener: Listener) -> type[ProgressCallback]:
    """Return the class that the SDK makes one of for each file it fetches."""

    class Telling(ProgressCallback):
        def __init__(self, filename: str, file_size: int) -> None:
            super().__init__(filename, file_size)
            listener.say(f"  {filename}")

    return Telling


@contextmanager
def _heard(listener: Listener) -> Iterator[None]:
    """Pass the SDK's warnings on to the listener; its other lines repeat what the command says itself."""
    logger = logging.getLogger("modelscope_hub")
    before, propagates = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [_Passing(listener)], False
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before, propagates


class _Passing(logging.Handler):
    def __init__(self, listener: Listener) -> None:
        super().__init__(logging.WARNING)
        self.listener = listener

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.WARNING:
            self.listener.warn(record.getMessage().splitlines()[0])
