"""What a hub's SDK raises, as text: what happened, and what to type or to set."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.download.hub import HUBS, Repo, other
from lf_qwen3.data.download.known import elsewhere

_FULL = (errno.ENOSPC, errno.EDQUOT)
_TRANSPORTS = {"httpx", "httpcore", "requests", "urllib3"}
_ENDPOINT = {"modelscope": "MODELSCOPE_ENDPOINT", "huggingface": "HF_ENDPOINT"}
_TOKEN = {"modelscope": "MODELSCOPE_API_TOKEN", "huggingface": "HF_TOKEN"}
_LOGIN = {"modelscope": "modelscope login", "huggingface": "hf auth login"}
_NOT_FOUND = {"RepositoryNotFoundError", "RevisionNotFoundError", "EntryNotFoundError"}
_ANSWER = 300
_CODES = re.compile(r"^(\[E?\d+\] )+|( \| code=\d+)$")


@contextmanager
def explained(repo: Repo, folder: Path, go_on: str) -> Iterator[None]:
    """Turn whatever a hub's SDK raises into an `LfQwen3Error`; `go_on` is the command that continues."""
    try:
        yield
    except (LfQwen3Error, KeyboardInterrupt):
        raise
    except Exception as error:
        path, cause = _cause(error)
        raise _explain(repo, folder, go_on, path, cause) from error


def _cause(error: BaseException) -> tuple[str, BaseException]:
    """Return the file at fault ("" for the whole repository) and what happened to it first."""
    failed = getattr(error, "failed_files", None)
    if isinstance(failed, Mapping) and failed:
        full = [
            (path, failure) for path, failure in failed.items() if getattr(failure, "errno", None) in _FULL
        ]
        path, first = full[0] if full else next(iter(failed.items()))
        return str(path), first
    return "", error


def _explain(repo: Repo, folder: Path, go_on: str, path: str, error: BaseException) -> LfQwen3Error:
    what = f"{repo.id}, {path}" if path else repo.id
    kept = f"the downloaded part is kept; to resume: {go_on}"
    names = {kind.__name__ for kind in type(error).__mro__}
    status = _status(error)
    if getattr(error, "errno", None) in _FULL:
        return LfQwen3Error(f"the disk is full: {folder}", f"free some space; {kept}", code="disk_full")
    if "OfflineModeIsEnabled" in names:
        return LfQwen3Error(
            f"{what}: HF_HUB_OFFLINE forbids downloads", "unset HF_HUB_OFFLINE", code="hub_offline"
        )
    if "FileIntegrityError" in names:
        return LfQwen3Error(
            f"{what}: the download was damaged each time: {_answer(error)}",
            f"try again later: {go_on}",
            code="download_damaged",
        )
    if "GatedRepoError" not in names and (status == 404 or names & _NOT_FOUND):
        return _not_found(repo, what, error)
    if status in (401, 403):
        return LfQwen3Error(
            f"{what}: {HUBS[repo.hub]} restricts access to it: {_answer(error)}",
            f"accept its terms on its page, then log in: {_LOGIN[repo.hub]}, or set {_TOKEN[repo.hub]}",
            code="hub_no_access",
        )
    if status:
        return LfQwen3Error(
            f"{what}: {HUBS[repo.hub]} answered {status}: {_answer(error)}", kept, code="hub_error"
        )
    if _is_transport(error):
        return _no_answer(repo, what, error, kept)
    if isinstance(error, OSError) and error.errno and error.filename:
        return LfQwen3Error(f"{error.filename}: {error.strerror}", kept, code="file_unreadable")
    return LfQwen3Error(f"{what}: {type(error).__name__}: {_answer(error)}", kept, code="hub_error")


def _not_found(repo: Repo, what: str, error: BaseException) -> UsageError:
    same_id = elsewhere(repo)
    at = f" at revision {repo.revision}" if repo.revision else ""
    if at:
        hint = (
            "check the revision (a branch, a tag or a commit); without --revision it is the hub's main branch"
        )
    elif same_id:
        hint = (
            f"it is on {HUBS[other(repo.hub)]}: lf-qwen3 download {same_id} --hub {other(repo.hub)} --to DIR"
        )
    else:
        kind = "a model, not a dataset" if repo.kind == "dataset" else "a dataset, not a model"
        hint = (
            f"check the spelling (capitals count); is it {kind}, on the other hub (--hub {other(repo.hub)}), "
            f"or private ({_LOGIN[repo.hub]})?"
        )
    return UsageError(
        f"{HUBS[repo.hub]} has no {repo.kind} {what}{at}, or does not show it: {_answer(error)}",
        hint,
        code="repo_missing",
    )


def _no_answer(repo: Repo, what: str, error: BaseException, kept: str) -> LfQwen3Error:
    variable = _ENDPOINT[repo.hub]
    endpoint = os.environ.get(variable)
    asked = f"{variable} is set to {endpoint}: is that right? " if endpoint else ""
    mirror = "; set a mirror in HF_ENDPOINT" if repo.hub == "huggingface" and not endpoint else ""
    return LfQwen3Error(
        f"{what}: no answer from {HUBS[repo.hub]}: {_answer(error)}",
        f"{asked}check the connection; behind a proxy set HTTPS_PROXY and HTTP_PROXY{mirror}; "
        f"or try the other hub: --hub {other(repo.hub)}. {kept[0].upper()}{kept[1:]}",
        code="hub_unreachable",
    )


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    return status if isinstance(status, int) else None


def _is_transport(error: BaseException) -> bool:
    """Detect a connection that failed, also where the SDK says so in an error of its own."""
    return any(
        isinstance(cause, ConnectionError | TimeoutError)
        or type(cause).__module__.partition(".")[0] in _TRANSPORTS
        for cause in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what led to it, each once: a retried error may lead back to itself."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _answer(error: BaseException) -> str:
    """Return what happened in one line: the system's word for it, else the hub's, else the SDK's."""
    *_, first = _chain(error)
    if isinstance(first, OSError) and first.strerror:
        return first.strerror
    message = getattr(error, "server_message", None) or str(error)
    lines = [line.strip() for line in str(message).splitlines() if line.strip()]
    text = _CODES.sub("", (lines or [""])[0])
    words = [word.partition("?")[0] if "://" in word else word for word in text.split()]
    return " ".join(words)[:_ANSWER] or type(error).__name__
