"""ModelScope, through the hub part of its SDK, which imports no torch.

The SDK continues with `FILE.incomplete`, tries a broken connection again and compares the sha256 of every
file with the listing; a file that differs it fetches again, three times in all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from modelscope_hub import HubApi, ProgressCallback

from lf_qwen3.base.progress import Progress, Status
from lf_qwen3.data.download.hub import RemoteFile, Repo

_WORKERS = 4


def connect() -> ModelScope:
    """Return the hub; MODELSCOPE_ENDPOINT and MODELSCOPE_API_TOKEN of the environment hold."""
    return ModelScope()


class ModelScope:
    """The hub that has every dataset and model this project names."""

    def __init__(self) -> None:
        self.api = HubApi()

    def listing(self, repo: Repo, progress: Progress) -> list[RemoteFile]:
        """Return every file, with its sha256."""
        with _log_to(progress):
            listed = self.api.list_repo_files(repo.id, repo.kind, revision=repo.revision)
        return [RemoteFile(item.path, item.size, item.sha256 or None) for item in listed if not item.is_dir]

    def fetch(
        self, repo: Repo, files: Sequence[RemoteFile], folder: Path, progress: Progress, again: bool
    ) -> None:
        """Fetch files, four at a time; what is half there is gone on with, and checked as a whole."""
        if again:
            for file in files:
                Path(folder, file.path + ".incomplete").unlink(missing_ok=True)
        listed = [
            {"Path": file.path, "Size": file.size, "Sha256": file.sha256, "Type": "blob"} for file in files
        ]
        with _log_to(progress):
            self.api.download_repo(
                repo.id,
                repo.kind,
                revision=repo.revision,
                local_dir=folder,
                max_workers=_WORKERS,
                progress_callbacks=[_callback_for(progress)],
                file_list=listed,
            )


def _callback_for(progress: Progress) -> type[ProgressCallback]:
    """Return the class that the SDK makes one of for each file it fetches."""

    class FileCallback(ProgressCallback):
        def __init__(self, filename: str, file_size: int) -> None:
            super().__init__(filename, file_size)
            progress.update(Status(filename, unit="files"))

    return FileCallback


@contextmanager
def _log_to(progress: Progress) -> Iterator[None]:
    """Pass the SDK's warnings on to the progress; its other lines repeat what the command says itself."""
    logger = logging.getLogger("modelscope_hub")
    before, propagates = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [_WarningHandler(progress)], False
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before, propagates


class _WarningHandler(logging.Handler):
    def __init__(self, progress: Progress) -> None:
        super().__init__(logging.WARNING)
        self.progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.WARNING:
            self.progress.warn(record.getMessage().splitlines()[0])
