"""Installed versions that are known to break a setting: what happens, and what to do instead.

`doctor` lists those that the environment has, the check `known_broken` those that a training YAML meets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lf_qwen3.base import packages


@dataclass(frozen=True, slots=True)
class KnownBroken:
    """A setting that fails where all `packages` have a version of these ranges.

    `settings` are keys of a YAML and what their values match, all of them (regular expressions, any case);
    where a key of `unless` matches, nothing fails. `setting` names them as text. `source` is the report.
    """

    packages: Mapping[str, str]
    settings: Mapping[str, str]
    setting: str
    symptom: str
    cure: str
    source: str
    unless: Mapping[str, str] = field(default_factory=dict)

    def name_versions(self, installed: Mapping[str, str]) -> str:
        """Return the packages with their installed versions, as `transformers 5.6.0`."""
        return " and ".join(f"{name} {installed[name]}" for name in self.packages)


TABLE = (
    KnownBroken(
        {"transformers": "==5.6.0"},
        {"flash_attn": "^fa[23]$"},
        "flash_attn: fa2 or fa3",
        "the first step stops: AttributeError: 'NoneType' object has no attribute 'to'",
        'pip install "transformers==5.5.4", or write flash_attn: sdpa',
        "huggingface/transformers #45588, hiyouga/LLaMA-Factory #10610",
    ),
    KnownBroken(
        {"swanlab": ">=0.8.0", "transformers": ">=4.50.0"},
        {"report_to": r"\b(swanlab|all)\b"},
        "report_to: swanlab or all",
        "the training stops before its first step: RuntimeError: No active Run. Call swanlab.init() first.",
        "write use_swanlab: true in place of it, and leave report_to out",
        "hiyouga/LLaMA-Factory #10704",
        unless={"use_swanlab": "^true$"},
    ),
    KnownBroken(
        {"transformers": ">=5.0.0,<5.5.4", "kernels": ">=0"},
        {"deepspeed": r"(zero|z|stage)['\"]?[_:]?\s?3"},
        "DeepSpeed ZeRO-3",
        "the second forward pass stops: IndexError: pop from an empty deque",
        'pip uninstall kernels, or: pip install "transformers==5.5.4"',
        "huggingface/transformers #45137",
    ),
    KnownBroken(
        {"liger-kernel": ">=0.6.3", "transformers": "<4.57.0"},
        {"enable_liger_kernel": "^true$"},
        "enable_liger_kernel: true",
        "TypeError: liger_fused_linear_cross_entropy() got an unexpected keyword argument 'return_dict'",
        'pip install "transformers>=4.57.1", or: pip install "liger-kernel==0.6.0"',
        "hiyouga/LLaMA-Factory #9387",
    ),
    KnownBroken(
        {"trl": ">0.9.6"},
        {"stage": "^ppo$"},
        "stage: ppo",
        "the trainer stops after it has loaded the models: trl>=0.8.6,<=0.9.6 is required",
        'train with stage: dpo; PPO wants "trl==0.9.6", and DISABLE_VERSION_CHECK=1',
        "hiyouga/LLaMA-Factory #9617",
    ),
)


def read_versions() -> dict[str, str]:
    """Return the installed version of each package of the table; those that are missing are left out."""
    names = sorted({name for entry in TABLE for name in entry.packages})
    return {name: version for name in names if (version := packages.version(name))}


def list_broken(installed: Mapping[str, str]) -> list[KnownBroken]:
    """Return the entries whose packages are all installed in a version that breaks."""
    return [
        entry
        for entry in TABLE
        if all(
            name in installed and fits(versions, installed[name], unknown=False)
            for name, versions in entry.packages.items()
        )
    ]


def meets(entry: KnownBroken, settings: Mapping[str, Any]) -> bool:
    """Return whether a YAML has the settings of an entry."""
    return all(_matches(settings, *rule) for rule in entry.settings.items()) and not any(
        _matches(settings, *rule) for rule in entry.unless.items()
    )


def fits(specifier: str, installed: str, *, unknown: bool = True) -> bool:
    """Return whether a version fits a specifier; `unknown` where the package `packaging` is missing."""
    try:
        from packaging.specifiers import SpecifierSet
    except ImportError:
        return unknown
    return SpecifierSet(specifier).contains(installed, prereleases=True)


def _matches(settings: Mapping[str, Any], key: str, pattern: str) -> bool:
    return key in settings and bool(re.search(pattern, str(settings[key]), re.IGNORECASE))
