"""Datasets that have a short name, and what each is called on either hub."""

from __future__ import annotations

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.data.download.hub import HUBS, HubName, Repo, RepoKind, other

# The ids are those of the dataset pages; the public Qwen3 tutorials over these two sets name the same.
# medical_r1: `MsDataset.load("krisfu/delicate_medical_r1_data")`; it stands on ModelScope only.
# finetome: made by mlabonne on Hugging Face; `modelscope download --dataset AI-ModelScope/FineTome-100k`
# fetches ModelScope's mirror of it. Both hold data/train-00000-of-00001.parquet.
KNOWN: dict[str, dict[HubName, str]] = {
    "medical_r1": {"modelscope": "krisfu/delicate_medical_r1_data"},
    "finetome": {"modelscope": "AI-ModelScope/FineTome-100k", "huggingface": "mlabonne/FineTome-100k"},
}


def repo_of(name: str, kind: RepoKind, hub: HubName | None, revision: str | None) -> Repo:
    """Return the dataset of a short name or a hub id; ModelScope is the hub where none is named.

    Raises `UsageError` for a name that is neither, and for a dataset that the hub does not have.
    """
    if kind == "dataset" and name in KNOWN:
        ids = KNOWN[name]
        chosen = hub or "modelscope"
        if chosen not in ids:
            raise UsageError(
                f"{name} is not on {HUBS[chosen]}",
                f"remove --hub, or use --hub {other(chosen)}",
                code="not_on_hub",
            )
        return Repo(ids[chosen], kind, chosen, revision, name)
    owner, slash, short = name.partition("/")
    if not (owner and slash and short) or "/" in short or any(part in (".", "..") for part in (owner, short)):
        raise _no_such_name(name, kind)
    return Repo(name, kind, hub or "modelscope", revision, short)


def elsewhere(repo: Repo) -> str:
    """Return what the other hub calls the same dataset, or "" where that is not known."""
    for ids in KNOWN.values():
        if repo.kind == "dataset" and repo.id in ids.values():
            return ids.get(other(repo.hub), "")
    return ""


def _no_such_name(name: str, kind: RepoKind) -> UsageError:
    if kind == "model":
        return UsageError(
            f"'{name}' is not a model id", "an id is OWNER/NAME, such as --model Qwen/Qwen3-4B", code="hub_id"
        )
    error = unknown_name("dataset", name, KNOWN, code="unknown_dataset")
    error.hint += "; any other by its id on the hub, OWNER/NAME"
    return error
