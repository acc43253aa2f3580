"""What a check is, and the table of all checks.

    @check("code", "error", "what is wrong", "how to cure it", good=subject, bad=subject)
    def name(subject) -> CheckResult: ...

A check gets one subject: a registry entry, a record, a duplicate, the lengths of a record, a training YAML.
It returns `PASS`, a `Fault`, or any number of faults. The type of its examples says which subjects it gets;
`good` passes, `bad` does not, and the tests run both. The rules of `convert` are others: they decide, row by
row, what it may write (`lf_qwen3.data.convert.rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from lf_qwen3.base import nearest
from lf_qwen3.base.discovery import import_all
from lf_qwen3.base.severity import Severity

CheckGroup = Literal["registry", "records", "splits", "tokens", "training"]

GROUPS: tuple[CheckGroup, ...] = ("registry", "records", "splits", "tokens", "training")
"""The packages beside this file that hold the checks, in the order of a report."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing at fault: `detail` says which, `key` names the key that the line is looked up by.

    `cure` says what to do where it is more than what the check says of all its faults.
    """

    detail: str = ""
    key: str = ""
    cure: str = ""


PASS: None = None
"""What a check returns where all is well."""

CheckResult = Fault | Iterable[Fault] | None
"""What a check returns: `PASS`, a fault, or any number of faults (none of them is a pass too)."""

_Subject = TypeVar("_Subject")


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
    test: Callable[[Any], CheckResult]
    good: Any
    bad: Any

    @property
    def group(self) -> str:
        """Return the package the check is in."""
        return self.test.__module__.split(".")[4]

    def faults(self, subject: object) -> Iterable[Fault]:
        """Return what is wrong with `subject`."""
        result = self.test(subject)
        if result is PASS:
            return ()
        return (result,) if isinstance(result, Fault) else result


_CHECKS: dict[str, Check] = {}


def check(
    code: str,
    severity: Severity,
    message: str,
    hint: str,
    *,
    good: _Subject,
    bad: _Subject,
) -> Callable[[Callable[[_Subject], CheckResult]], Callable[[_Subject], CheckResult]]:
    """Register the decorated function as the check behind `code`."""

    def register(function: Callable[[_Subject], CheckResult]) -> Callable[[_Subject], CheckResult]:
        if code in _CHECKS:
            raise ValueError(f"two checks are called {code}")
        _CHECKS[code] = Check(code, severity, message, hint, function, good, bad)
        return function

    return register


def all_checks() -> list[Check]:
    """Return every check, group by group, in the order of their codes."""
    for group in GROUPS:
        import_all(f"lf_qwen3.proof.check.rules.{group}")
    return sorted(_CHECKS.values(), key=lambda check: (GROUPS.index(check.group), check.code))


def checks_for(subject: type) -> list[Check]:
    """Return the checks that get subjects of this type."""
    return [check for check in all_checks() if type(check.good) is subject]


def reports(code: str, subject: object) -> bool:
    """Return whether the check of a code finds a fault in a subject; false if no check has the code."""
    return code in _CHECKS and any(True for _ in _CHECKS[code].faults(subject))


def add_nearest(name: str, known: Iterable[str]) -> str:
    """Return an unknown name, and the nearest known one if there is one, as the detail of a fault."""
    return "; ".join(filter(None, (name, nearest.did_you_mean(name, known))))
