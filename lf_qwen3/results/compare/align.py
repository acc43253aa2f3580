"""Find the rows that all runs answered: the same question with the same reference answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.compare.named_run import NamedRun
from lf_qwen3.results.score import Prediction


@dataclass(frozen=True, slots=True)
class AlignedRuns:
    """The runs with their common rows only, in the order of the first run; `notes` tell what was left out."""

    runs: list[NamedRun]
    notes: list[str]


def align_runs(runs: Sequence[NamedRun]) -> AlignedRuns:
    """Keep the rows that are in every run; a repeated row counts as often as in all of them.

    Rows belong together by prompt and label. Where no prompt agrees (another template, another thinking mode)
    the label alone decides. Raises `LfQwen3Error` where the runs have no row in common.
    """
    by_prompt_and_label = _common(runs, [_both(run.rows) for run in runs])
    common, keyed = (
        (by_prompt_and_label, "")
        if any(len(run.rows) for run in by_prompt_and_label)
        else (_by_label(runs), "label")
    )
    count = len(common[0].rows)
    if not count:
        names = " and ".join(run.name for run in runs)
        raise LfQwen3Error(
            f"{names} have no row in common: they answer different questions",
            "predict again with the same eval_dataset, max_samples and seed",
            code="rows_differ",
        )
    notes = [f"{count} of {len(run.rows)} rows of {run.name} are in every run" for run in runs]
    notes = [note for note, run in zip(notes, runs, strict=True) if len(run.rows) != count]
    if keyed:
        notes.append(
            "the prompts differ between the runs (chat template or thinking mode): rows were matched by label"
        )
    return AlignedRuns(common, notes)


def _both(rows: Iterable[Prediction]) -> list[Hashable]:
    return _numbered((row.prompt, row.label) for row in rows)


def _by_label(runs: Sequence[NamedRun]) -> list[NamedRun]:
    return _common(runs, [_numbered(row.label for row in run.rows) for run in runs])


def _numbered(keys: Iterable[Hashable]) -> list[Hashable]:
    """Make every key unique by how often it has been seen before."""
    seen: Counter[Hashable] = Counter()
    numbered: list[Hashable] = []
    for key in keys:
        numbered.append((key, seen[key]))
        seen[key] += 1
    return numbered


def _common(runs: Sequence[NamedRun], keys: Sequence[list[Hashable]]) -> list[NamedRun]:
    places = [{key: at for at, key in enumerate(run_keys)} for run_keys in keys]
    shared = [key for key in keys[0] if all(key in run_places for run_places in places)]
    return [
        replace(run, rows=[run.rows[place[key]] for key in shared])
        for run, place in zip(runs, places, strict=True)
    ]
