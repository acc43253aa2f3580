"""Fetch a dataset or a model from ModelScope or Hugging Face, checked against the sums that the hub states.

    download(Wanted("medical_r1", to=Path("raw")), progress)    # makes raw/medical_r1

The hubs' own SDKs do the fetching; this package decides what to fetch, what is already there, whether it is
whole, and what to say when it fails. A folder made here has a marker, by which `convert medical_r1` finds it.
"""

from lf_qwen3.data.download.folder import DEFAULT_TO, place_of
from lf_qwen3.data.download.hub import HUBS, HubName, RepoKind
from lf_qwen3.data.download.known import KNOWN
from lf_qwen3.data.download.run import Downloaded, Wanted, download

__all__ = [
    "DEFAULT_TO",
    "HUBS",
    "KNOWN",
    "Downloaded",
    "HubName",
    "RepoKind",
    "Wanted",
    "download",
    "place_of",
]
