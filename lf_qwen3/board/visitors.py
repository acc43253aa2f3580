"""Who asks: a browser, by a cookie that the tab's script sets."""

from __future__ import annotations

import hashlib
from typing import Any

COOKIE = "lf-qwen3-browser"
"""A random secret that web/page.js makes; jobs know its hash alone."""


def browser_of(request: Any) -> str:
    """Return the browser that an event comes from; its page where it keeps no cookie."""
    secret = getattr(request, "cookies", {}).get(COOKIE) or str(getattr(request, "session_hash", None))
    return hashlib.sha256(secret.encode()).hexdigest()
