"""Coded checks of what is finished: a registry entry, a record, a pair of records, a training YAML.

    @check("code", "error", "what is wrong", "how to cure it", good=subject, bad=subject)
    def name(subject) -> Result: ...

A check returns None where all is well, or what to report. What it looks at is told by its examples: `good`
passes, `bad` does not, and the tests run both. The rules of `convert` stand in
`lf_qwen3.data.convert.rules`: they decide, row by row, what it may write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple, TypeVar

from lf_qwen3.base.discovery import import_all

Severity = Literal["error", "warning", "info"]
Group = Literal["registry", "records", "splits", "tokens", "training"]

GROUPS: tuple[Group, ...] = ("registry", "records", "splits", "tokens", "training")
"""The packages beside this file that hold the checks, in the order of a report."""


class Fault(NamedTuple):
    """One thing at fault: `detail` says which, `key` names the key that the line is looked up by."""

    detail: str = ""
    key: str = ""


Result = str | Iterable[Fault] | None
"""What a check returns: None, the detail of its one fault, or any number of faults."""

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that may be wrong.

    An error stops the training, loses records or teaches what is wrong; a warning is very likely a
    mistake; an info is worth knowing and does not fail a command.
    """

    code: str
    severity: Severity
    message: str
    hint: str
    test: Callable[[Any], Result]
    good: Any
    bad: Any

    @property
    def group(self) -> str:
        """Return the package the check stands in."""
        return self.test.__module__.split(".")[4]

    def faults(self, subject: object) -> Iterator[Fault]:
        """Yield what is wrong with `subject`."""
        yield from faults_of(self.test(subject))


def faults_of(result: Result) -> Iterable[Fault]:
    """Return what a check reported as faults."""
    if result is None:
        return ()
    return (Fault(result),) if isinstance(result, str) else result


_CHECKS: dict[str, Check] = {}


def check(
    code: str,
    severity: Severity,
    message: str,
    hint: str,
    *,
    good: Subject,
    bad: Subject,
) -> Callable[[Callable[[Subject], Result]], Callable[[Subject], Result]]:
    """Register the decorated function as the check behind `code`."""

    def register(function: Callable[[Subject], Result]) -> Callable[[Subject], Result]:
        if code in _CHECKS:
            raise ValueError(f"two checks are called {code}")
        _CHECKS[code] = Check(code, severity, message, hint, function, good, bad)
        return function

    return register


def all_check_rules() -> list[Check]:
    """Return every check, group by group, in the order of their codes."""
    for group in GROUPS:
        import_all(f"lf_qwen3.proof.check.rules.{group}")
    return sorted(_CHECKS.values(), key=lambda one: (GROUPS.index(one.group), one.code))


def check_rules_for(subject: type) -> list[Check]:
    """Return the checks that look at subjects of this type."""
    return [one for one in all_check_rules() if type(one.good) is subject]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the nearest name as the end of a message, "" where none is near."""
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
