"""Find the rows that all runs answered: the same question with the same reference answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.compare.named import Named
from lf_qwen3.results.score import Prediction


@dataclass(frozen=True, slots=True)
class Aligned:
    """The runs with their common rows only, in the order of the first run; `notes` tell what was left out."""

    runs: list[Named]
    notes: list[str]


def align(runs: Sequence[Named]) -> Aligned:
    """Keep the rows that stand in every run; one that stands several times counts as often as in all of them.

    Rows belong together by prompt and label. Where no prompt agrees (another template, another thinking mode)
    the label alone decides. Raises `LfQwen3Error` where the runs have no row in common.
    """
    by_both = _common(runs, [_both(run.rows) for run in runs])
    found, keyed = (by_both, "") if any(len(one.rows) for one in by_both) else (_by_label(runs), "label")
    count = len(found[0].rows)
    if not count:
        names = " and ".join(run.name for run in runs)
        raise LfQwen3Error(
            f"{names} have no row in common: they answer different questions",
            "predict on the same eval_dataset, with the same max_samples and seed",
        )
    notes = [f"{count} of {len(run.rows)} rows of {run.name} are in every run" for run in runs]
    notes = [note for note, run in zip(notes, runs, strict=True) if len(run.rows) != count]
    if keyed:
        notes.append(
            "the prompts differ from run to run (template or thinking mode): rows were found by label"
        )
    return Aligned(found, notes)


def _both(rows: Iterable[Prediction]) -> list[Hashable]:
    return _numbered((one.prompt, one.label) for one in rows)


def _by_label(runs: Sequence[Named]) -> list[Named]:
    return _common(runs, [_numbered(one.label for one in run.rows) for run in runs])


def _numbered(keys: Iterable[Hashable]) -> list[Hashable]:
    """Make every key unique by how often it has been seen before."""
    seen: Counter[Hashable] = Counter()
    found: list[Hashable] = []
    for key in keys:
        found.append((key, seen[key]))
        seen[key] += 1
    return found


def _common(runs: Sequence[Named], keys: Sequence[list[Hashable]]) -> list[Named]:
    places = [{key: at for at, key in enumerate(one)} for one in keys]
    shared = [key for key in keys[0] if all(key in one for one in places)]
    return [
        replace(run, rows=[run.rows[place[key]] for key in shared])
        for run, place in zip(runs, places, strict=True)
    ]
