"""The versions that are installed, beside the settings that some of them break."""

from __future__ import annotations

from collections.abc import Iterator

from lf_qwen3.proof import known_broken as table
from lf_qwen3.proof.check.rules.registered import Fault, check
from lf_qwen3.proof.check.rules.training.training_setup import TrainingSetup

_FLASH = {"do_train": True, "flash_attn": "fa2"}


@check(
    "known_broken",
    "error",
    "an installed package version is known to break this setting",
    "apply the cure given with the finding; lf-qwen3 doctor lists everything that the installed "
    "versions break",
    good=TrainingSetup(_FLASH, installed={"transformers": "5.5.4"}),
    bad=TrainingSetup(_FLASH, installed={"transformers": "5.6.0"}),
)
def known_broken(setup: TrainingSetup) -> Iterator[Fault]:
    """Require versions without the faults of lf_qwen3/proof/known_broken.py, each reported in public."""
    for entry in table.list_broken(setup.installed) if setup.trains else ():
        if table.meets(entry, setup.settings):
            where = f"{entry.setting} with {entry.name_versions(setup.installed)}"
            yield Fault(
                f"{where}: {entry.symptom}; {entry.cure} ({entry.source})", next(iter(entry.settings))
            )
