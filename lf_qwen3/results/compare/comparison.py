"""Compare runs: read, align, score, and tell what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.results.compare import named
from lf_qwen3.results.compare.align import align
from lf_qwen3.results.compare.changed import Examples, examples
from lf_qwen3.results.compare.difference import Difference, Outcome, Pair, pair
from lf_qwen3.results.compare.measures import HEADLINE, MEASURES, Measure
from lf_qwen3.results.compare.named import Named
from lf_qwen3.results.score import predictions, score, setting
from lf_qwen3.results.score.rows import Progress


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs or more over the same rows; every pair is a run against the first one, the base."""

    runs: list[Named]
    pairs: list[Pair]
    examples: Examples
    notes: list[str]

    @property
    def base(self) -> Named:
        """The run that the others are held against."""
        return self.runs[0]

    @property
    def rows(self) -> int:
        """How many rows are compared."""
        return len(self.base.rows)

    @property
    def kinds(self) -> list[str]:
        """The kinds of rows that there are: thinking, plain."""
        return [kind for kind in ("thinking", "plain") if kind in self.base.scored.kinds]

    @property
    def is_worse(self) -> bool:
        """Tell whether some run is clearly worse than the base: in its answers, or by a defect."""
        return any(one == "worse" for found in self.pairs for _, _, one in judged(found))

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as one JSON object."""
        return {
            "rows": self.rows,
            "is_worse": self.is_worse,
            "runs": [
                {"name": one.name, "file": str(one.path), "scores": one.scored.as_json()} for one in self.runs
            ],
            "pairs": [_pair(one) for one in self.pairs],
            "examples": asdict(self.examples),
            "notes": self.notes,
        }


def compare(
    paths: Sequence[Path],
    *,
    tokenizer: str = "",
    progress: Progress | None = None,
    seed: int = 42,
) -> Comparison:
    """Compare prediction files, or the folders that hold them, against the first one.

    Only rows that all runs answered count. Tokenizer and max_new_tokens are those of the predict YAML beside
    each file, where there is one. The same files and seed give the same comparison. Raises
    `UsageError` for fewer than two runs or a missing file, `LfQwen3Error` for a file that is no predictions,
    runs without a row in common, and where the `eval` extra is missing.
    """
    aligned = align(named.read(paths))
    found = [setting.find(predictions.locate(run.path), tokenizer=tokenizer) for run in aligned.runs]
    own = next((one.tokenizer for one in found if one.tokenizer), None)
    runs = []
    for run, known in zip(aligned.runs, found, strict=True):
        scores = score(
            run.rows,
            tokenizer=own,
            max_new_tokens=known.max_new_tokens,
            progress=_renamed(progress, run.name),
            seed=seed,
        )
        runs.append(run.with_scores(scores))
    base = runs[0]
    pairs = [pair((base.name, one.name), base.scored, one.scored, seed) for one in runs[1:]]
    return Comparison(runs, pairs, examples(runs, seed), aligned.notes)


def judged(found: Pair, kind: str = "all") -> list[tuple[Measure, Difference, Outcome]]:
    """Return what decides: the headline measure and every flag, with its difference and its outcome."""
    deciding = [HEADLINE, *(one for one in MEASURES if one.group == "form")]
    by = found.differences[kind]
    return [(one, by[one.key], by[one.key].outcome(one)) for one in deciding]


def _pair(found: Pair) -> dict[str, Any]:
    differences = {
        kind: {key: one.as_json() for key, one in by.items()} for kind, by in found.differences.items()
    }
    outcomes = {one.key: outcome for one, _, outcome in judged(found)}
    return {"base": found.base, "other": found.other, "outcomes": outcomes, "differences": differences}


def _renamed(progress: Progress | None, name: str) -> Progress | None:
    if progress is None:
        return None
    return lambda what, done, total: progress(f"{what} {name}", done, total)
