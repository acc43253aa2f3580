"""The registry of LLaMA-Factory datasets: `dataset_info.json` in a dataset_dir.

    with lock(folder):                                  # one read-modify-write for any number of names
        change = plan(folder, add={...}, remove=[...])  # computes, writes nothing
        apply(change)                                   # a temporary file, fsync, one rename

`edit` is these three in one. `register` finds the entry of a file from its first records. What other
people wrote into the file keeps its order and its bytes.
"""

from lf_qwen3.data.registry.change import RegistryChange, apply, edit, lock, plan, read
from lf_qwen3.data.registry.listing import Listed, listing
from lf_qwen3.data.registry.names import DATA_CONFIG, check_name
from lf_qwen3.data.registry.registration import Registered, RegistryEntry, entry_for, register

__all__ = [
    "DATA_CONFIG",
    "Listed",
    "Registered",
    "RegistryChange",
    "RegistryEntry",
    "apply",
    "check_name",
    "edit",
    "entry_for",
    "listing",
    "lock",
    "plan",
    "read",
    "register",
]
