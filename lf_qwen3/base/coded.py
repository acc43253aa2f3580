"""A sentence with a code, so that a page can say it in its own language."""

from __future__ import annotations

from collections.abc import Mapping

from lf_qwen3.base.errors import LfQwen3Error


class CodedText(str):
    """A sentence in English, its `code`, which is stable, and the `facts` that it names.

    Printed, compared or written as JSON, it is the sentence.
    """

    code: str
    facts: Mapping[str, str | int]

    def __new__(cls, text: str, code: str = "", facts: Mapping[str, str | int] | None = None) -> CodedText:
        """Return the sentence."""
        self = super().__new__(cls, text)
        self.code, self.facts = code, facts or {}
        return self


def blame_error(what: str, code: str, error: LfQwen3Error) -> CodedText:
    """Return the sentence that something was not done because of an error: its facts are message and code."""
    facts = {"why": error.message, "why_code": error.code}
    return CodedText(f"{what}: {error.message} ({error.hint})", code, facts)
