"""How grave a finding or a verdict is: one definition for check, diagnose and the tab."""

from __future__ import annotations

from typing import Literal

Severity = Literal["error", "warning", "info"]
"""An error makes the work useless, a warning is very likely a mistake, an info is worth knowing."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The gravest first."""
