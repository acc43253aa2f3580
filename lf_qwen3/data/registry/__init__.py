"""The registry of LLaMA-Factory datasets: `dataset_info.json` in a dataset_dir.

    with lock_registry(folder):                                # one read-modify-write for any number of names
        change = plan_change(folder, add={...}, remove=[...])  # computes, writes nothing
        apply_change(change)                                   # a temporary file, fsync, one rename

`edit_registry` is these three in one. `register` finds the entry of a file from its first records. What other
people wrote into the file keeps its order and its bytes.
"""

from lf_qwen3.data.registry.change import (
    RegistryChange,
    apply_change,
    edit_registry,
    lock_registry,
    plan_change,
    read_registry,
)
from lf_qwen3.data.registry.listing import Listed, listing
from lf_qwen3.data.registry.names import DATA_CONFIG, check_name
from lf_qwen3.data.registry.registration import Registered, RegistryEntry, entry_for, register

__all__ = [
    "DATA_CONFIG",
    "Listed",
    "Registered",
    "RegistryChange",
    "RegistryEntry",
    "apply_change",
    "check_name",
    "edit_registry",
    "entry_for",
    "listing",
    "lock_registry",
    "plan_change",
    "read_registry",
    "register",
]
