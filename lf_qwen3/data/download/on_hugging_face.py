"""Hugging Face, through huggingface_hub, which the trainer has.

The library compares no sums, and its `hf_hub_download` throws half a file away when the process ends
(`_download_to_tmp_and_move` of 1.33). So its `http_get`, which tries a broken connection again by itself, is
given here the place to continue: at the end of FILE.incomplete, as ModelScope's SDK does.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.file_download import http_get
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from lf_qwen3.base.progress import Progress, Status
from lf_qwen3.data.download.hub import RemoteFile, Repo


def connect() -> HuggingFace:
    """Return the hub; HF_ENDPOINT and HF_TOKEN of the environment hold."""
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    return HuggingFace()


class HuggingFace:
    """The other hub."""

    def __init__(self) -> None:
        self.endpoint = os.environ.get("HF_ENDPOINT") or None
        self.api = HfApi(endpoint=self.endpoint)

    def listing(self, repo: Repo, progress: Progress) -> list[RemoteFile]:
        """Return every file: the sha256 of those in large-file storage, git's own id of the others."""
        tree = self.api.list_repo_tree(repo.id, recursive=True, revision=repo.revision, repo_type=repo.kind)
        return [_remote(item) for item in tree if isinstance(item, RepoFile)]

    def fetch(
        self, repo: Repo, files: Sequence[RemoteFile], folder: Path, progress: Progress, again: bool
    ) -> None:
        """Fetch files one after the other; `again` forgets what is half there."""
        for number, file in enumerate(files, 1):
            progress.update(Status(file.path, number, len(files), "files"))
            target = folder / file.path
            half = target.with_name(target.name + ".incomplete")
            target.parent.mkdir(parents=True, exist_ok=True)
            if again or (half.is_file() and half.stat().st_size > file.size):
                half.unlink(missing_ok=True)
            with half.open("ab") as out:
                if out.tell() < file.size:
                    self._get(repo, file, out)
            os.replace(half, target)

    def _get(self, repo: Repo, file: RemoteFile, out: BinaryIO) -> None:
        url = hf_hub_url(
            repo.id, file.path, repo_type=repo.kind, revision=repo.revision, endpoint=self.endpoint
        )
        http_get(
            url,
            out,
            resume_size=out.tell(),
            headers=build_hf_headers(),
            expected_size=file.size,
            displayed_filename=file.path,
        )


def _remote(file: RepoFile) -> RemoteFile:
    if file.lfs is not None:
        return RemoteFile(file.path, file.size, file.lfs.sha256)
    return RemoteFile(file.path, file.size, git_sha1=file.blob_id)
