"""Read what the judge replied: the output file of a batch in OpenAI's format."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.generate.material import find_objects
from lf_qwen3.results.score import interval
from lf_qwen3.results.score.judge import GRADES, JudgeRequest, find_answer, judge_requests
from lf_qwen3.results.score.predictions import Prediction
from lf_qwen3.results.score.result import Figure

OUTCOMES = ("win", "tie", "loss")

_SHOWN = 3


@dataclass(slots=True)
class Judgements:
    """The judgement of each row, aligned with the predictions; None if there is no readable one.

    For one set of predictions `grades` are 1 to 10. For a pair `outcomes` are "win", "tie" or "loss" of the
    first set: different outcomes in the two orders are a tie. `problems` lists the unusable lines with
    place and reason; `missing` counts requests without a verdict.
    """

    grades: list[int | None] = field(default_factory=list)
    outcomes: list[str | None] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    missing: int = 0

    def figures(self, seed: int = 42) -> dict[str, Figure]:
        """Return the mean grade, or the shares of wins, ties and losses, with their 95 % intervals."""
        if self.outcomes:
            known = [outcome for outcome in self.outcomes if outcome is not None]
            return {name: interval.rate([outcome == name for outcome in known]) for name in OUTCOMES}
        return interval.means({"grade": self.grades}, seed)

    def as_json(self) -> dict[str, Any]:
        """Return figures and problems as one JSON object."""
        figures = {name: figure.as_json() for name, figure in self.figures().items()}
        return figures | {"missing": self.missing, "problems": self.problems}

    def lines(self) -> list[str]:
        """Return the judgements as lines of text."""
        lines = []
        for name, figure in self.figures().items():
            if figure.value is None or figure.low is None or figure.high is None:
                lines.append(
                    f"judge: {name} of {figure.n} rows: {'-' if figure.value is None else figure.value}"
                )
            elif name == "grade":
                mean = f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"
                lines.append(f"judge: mean grade {mean} of 10, {figure.n:,} rows")
            else:
                share = f"{figure.value:.1%} [{figure.low:.1%}, {figure.high:.1%}]"
                lines.append(f"judge: {name} {share} of {figure.n:,} rows")
        if self.missing:
            lines.append(f"judge: {self.missing:,} requests have no verdict")
        lines += [f"judge: not read: {problem}" for problem in self.problems[:_SHOWN]]
        if len(self.problems) > _SHOWN:
            lines.append(f"judge: and {len(self.problems) - _SHOWN:,} more lines not read (--json lists all)")
        return lines


def read_judgements(
    file: Path, predictions: Sequence[Prediction], against: Sequence[Prediction] | None = None
) -> Judgements:
    """Read the batch output about these very predictions; an unusable line is reported, not fatal.

    Raises `UsageError` where there is no such file, or no line of it is about these predictions.
    """
    if not file.is_file():
        raise UsageError(f"there is no file {file}", "name the output file of the batch", code="file_missing")
    requests_by_id = {request.custom_id: request for request in judge_requests(predictions, against)}
    replies, problems = _read_replies(file, requests_by_id)
    if requests_by_id and not replies:
        _require_some(file, problems)
    judgements = Judgements(problems=problems, missing=len(requests_by_id) - len(replies))
    if against is None:
        judgements.grades = [None] * len(predictions)
        for custom_id, value in replies.items():
            judgements.grades[requests_by_id[custom_id].row] = int(value)
    else:
        judgements.outcomes = _outcomes(predictions, against, requests_by_id, replies)
    return judgements


def _require_some(file: Path, problems: list[str]) -> None:
    """Raise where a file without a usable reply is empty, or about other predictions throughout."""
    if not problems:
        raise LfQwen3Error(f"{file} is empty", "name the output file of the batch", code="file_empty")
    if all("no request about" in problem for problem in problems):
        hint = "name the predictions that were exported, and the same --judge-against"
        raise UsageError(f"no line of {file} is about these predictions", hint, code="rows_differ")


def _read_replies(file: Path, requests_by_id: dict[str, JudgeRequest]) -> tuple[dict[str, str], list[str]]:
    """Return the verdict by custom_id, and why lines were not used; the first counts where two are there."""
    replies: dict[str, str] = {}
    problems: list[str] = []
    for number, line in enumerate(file.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            custom_id, value = _verdict(json.loads(line), requests_by_id)
            if custom_id in replies:
                raise ValueError(f"{custom_id} has a verdict already")
            replies[custom_id] = value
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            problems.append(f"{file}:{number}: {_reason(error)}")
    return replies, problems


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"this line is not JSON ({error})"
    return str(error) if type(error) is ValueError else "this line is not the reply of a chat completion"


def _verdict(reply: dict[str, Any], requests_by_id: dict[str, JudgeRequest]) -> tuple[str, str]:
    """Return custom_id and verdict of one line: a grade, or which place is better."""
    custom_id = str(reply["custom_id"])
    if custom_id not in requests_by_id:
        raise ValueError(f"there is no request about these predictions called {custom_id}")
    response = reply.get("response") or {}
    if reply.get("error") or response.get("status_code", 200) != 200:
        raise ValueError(f"{custom_id} failed: {reply.get('error') or response.get('body')}"[:200])
    content = response["body"]["choices"][0]["message"]["content"]
    if not isinstance(content, str):
        raise ValueError(f"{custom_id} has no text")
    key, check = ("better", _place) if requests_by_id[custom_id].place else ("score", _grade)
    return custom_id, _value(custom_id, content, key, check)


def _value(custom_id: str, content: str, key: str, check: Callable[[Any], str | None]) -> str:
    """Return the value of the last JSON object in a reply that holds a valid one; thinking is skipped."""
    for fields in find_objects(content):
        if (value := check(fields.get(key))) is not None:
            return value
    raise ValueError(f"{custom_id} has no readable {key}: {content[-80:]!r}")


def _grade(value: Any) -> str | None:
    try:
        number = float(value) if not isinstance(value, bool) else -1.0
    except (TypeError, ValueError):
        return None
    return str(int(number)) if number in GRADES else None


def _place(value: Any) -> str | None:
    name = str(value).strip().lower()
    return name if name in ("1", "2", "tie") else None


def _outcomes(
    predictions: Sequence[Prediction],
    against: Sequence[Prediction],
    requests_by_id: dict[str, JudgeRequest],
    replies: dict[str, str],
) -> list[str | None]:
    """Bring both orders together. Equal answers are a tie that nobody was asked about."""
    orders: list[list[str]] = [[] for _ in predictions]
    for custom_id, value in replies.items():
        request = requests_by_id[custom_id]
        ours = "1" if request.place == "first" else "2"
        orders[request.row].append("tie" if value == "tie" else "win" if value == ours else "loss")
    outcomes: list[str | None] = []
    for row, verdicts in enumerate(orders):
        if find_answer(predictions[row]) == find_answer(against[row]):
            outcomes.append("tie")
        elif len(verdicts) < 2:
            outcomes.append(None)
        else:
            outcomes.append(verdicts[0] if verdicts[0] == verdicts[1] else "tie")
    return outcomes
