"""Addresses of entries on the documentation site."""

from __future__ import annotations

import os

VARIABLE = "LF_QWEN3_DOCS"
"""The environment variable that says where the site is: a URL or a folder; nothing is linked without it."""


def link_to(page: str, code: str) -> str:
    """Return the address of a code's entry on a page of the site, "" where the variable is not set."""
    site = os.environ.get(VARIABLE, "").rstrip("/")
    return f"{site}/{page}.html#{code.replace('_', '-')}" if site else ""
