"""What a hub is to the rest: a listing with sums, and a way to fetch files into a folder."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, cast

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import Progress

HubName = Literal["modelscope", "huggingface"]
RepoKind = Literal["dataset", "model"]

HUBS: dict[HubName, str] = {"modelscope": "ModelScope", "huggingface": "Hugging Face"}
INSTALL = "pip install 'lf-qwen3[hub]'"

_MODULES: dict[HubName, str] = {"modelscope": "on_modelscope", "huggingface": "on_hugging_face"}


@dataclass(frozen=True, slots=True)
class Repo:
    """A dataset or a model on one hub; `revision` None is the hub's main branch, `name` the folder's."""

    id: str
    kind: RepoKind
    hub: HubName
    revision: str | None
    name: str


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository: its path there, its bytes, and its sum where the hub states one.

    `sha256` is of the content; `git_sha1` is git's id of the blob, which Hugging Face states of small files.
    """

    path: str
    size: int
    sha256: str | None = None
    git_sha1: str | None = None


class Hub(Protocol):
    """The two things that are asked of a hub; both may raise whatever its SDK raises."""

    def listing(self, repo: Repo, progress: Progress) -> list[RemoteFile]:
        """Return every file of the repository, without folders."""

    def fetch(
        self, repo: Repo, files: Sequence[RemoteFile], folder: Path, progress: Progress, again: bool
    ) -> None:
        """Fetch files into a folder, going on with what is half there unless `again`."""


def other(hub: HubName) -> HubName:
    """Return the other hub."""
    return "huggingface" if hub == "modelscope" else "modelscope"


def open_hub(name: HubName) -> Hub:
    """Import a hub's SDK. Raises `LfQwen3Error` with the command that installs it."""
    try:
        module = importlib.import_module(f"lf_qwen3.data.download.{_MODULES[name]}")
    except ImportError as error:
        raise LfQwen3Error(
            f"{HUBS[name]} needs a package that is not installed: {error.name}", INSTALL, code="extra_missing"
        ) from error
    return cast(Callable[[], Hub], module.connect)()
