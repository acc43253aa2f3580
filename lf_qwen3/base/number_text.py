"""Numbers that are written as text."""

from __future__ import annotations


def is_number(text: str) -> bool:
    """Return whether Python reads the text as a float; "nan" and "inf" count."""
    try:
        float(text)
    except ValueError:
        return False
    return True
