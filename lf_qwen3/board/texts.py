"""What the tab says, in the language of the page: web/strings/LANGUAGE.json, web/reasons/LANGUAGE.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypedDict

from lf_qwen3.base import assets
from lf_qwen3.base.coded import CodedText
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.reasons import Reason
from lf_qwen3.board.tab_words import say_in_tab

DEFAULT = "en"


class ErrorShown(TypedDict):
    """An error as a view keeps it: message, hint and code."""

    error: str
    hint: str
    code: str


class ErrorText(NamedTuple):
    """What an error says in the page's language; `detail` is its English message, "" where that says it."""

    message: str
    hint: str
    detail: str


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that there are texts in."""
    return tuple(sorted(file.stem for file in (assets.folder("web") / "strings").glob("*.json")))


def texts(language: str | None) -> Texts:
    """Return the texts of a language; English for one that is not known."""
    return _load(language if language in languages() else DEFAULT)


class Texts:
    """The texts of one language: `texts("data.what")` one, `texts.props("data.name")` an element's."""

    def __init__(
        self, language: str, blocks: dict[str, dict[str, Any]], reasons: dict[str, dict[str, Any]]
    ) -> None:
        self.language = language
        self._blocks = blocks
        self._reasons = reasons

    def __call__(self, key: str, **values: object) -> str:
        """Return a text; `{name}` in it stands for a value, whole numbers are grouped by thousands."""
        text: str = self._find(key)
        return text.format(**{name: shown(value) for name, value in values.items()}) if values else text

    def phase(self, name: str) -> str:
        """Return what a phase of long work is called; its own name where there is no text for it."""
        text: str = self._blocks["work"].get(name, name)
        return text

    def props(self, key: str) -> dict[str, Any]:
        """Return the arguments of an element that hold its texts; `choices` become (text, value) pairs."""
        props: str | dict[str, Any] = self._find(key)
        if isinstance(props, str):
            return {"value": props}
        choices = props.get("choices")
        return props | ({"choices": [(text, value) for value, text in choices.items()]} if choices else {})

    def reason(self, group: str, code: str, english: Sequence[str]) -> Reason:
        """Return what a code of the library means; its own English where there is no translation.

        `group` is rejected, repaired, checks, verdicts or errors; `english` is a message and a hint.
        Commands that the tab has a field or a button for are said in its words.
        """
        reason = self._reasons.get(group, {}).get(code)
        meaning = (reason["message"], reason.get("hint", "")) if reason else english
        return Reason(*(self.say(text) for text in meaning))

    def say(self, text: str) -> str:
        """Return a text of the library in the tab's words."""
        return say_in_tab(text, self)

    def error(self, error: ErrorShown) -> ErrorText:
        """Return what an error says; its English message, with its names, stays beside a translation."""
        message = self.say(error["error"])
        own = Reason(message if self.language == DEFAULT else self("tab.error"), error["hint"])
        reason = self.reason("errors", error.get("code", ""), own)
        return ErrorText(*reason, "" if reason.message == message else message)

    def warning(self, warning: Mapping[str, Any]) -> str:
        """Return what a warning of a conversion, or a note of a check, says in this language.

        An error in its facts (`why_code`) is said in this language too.
        """
        groups = (self._reasons.get(group, {}) for group in ("warnings", "notes"))
        reason = next((group[warning["code"]] for group in groups if warning["code"] in group), None)
        facts = {name: shown(value) for name, value in warning["facts"].items()}
        if "why_code" in facts:
            facts["why"] = self.reason("errors", facts["why_code"], (facts["why"], "")).message
        return self.say(reason["message"].format(**facts) if reason else warning["text"])

    def _find(self, key: str) -> Any:
        block, _, name = key.partition(".")
        return self._blocks[block][name]


def shown(value: object) -> str:
    """Return a value as it is shown: 12345 as 12,345."""
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return f"{value:,}" if is_count else str(value)


@cache
def _load(language: str) -> Texts:
    blocks, reasons = (
        json.loads(file.read_text("utf-8")) if file.is_file() else {}
        for file in (assets.folder("web") / kind / f"{language}.json" for kind in ("strings", "reasons"))
    )
    return Texts(language, blocks, reasons)


def error_shown(error: LfQwen3Error) -> ErrorShown:
    """Return an error as JSON, for `Texts.error`."""
    return {"error": error.message, "hint": error.hint, "code": error.code}


def warning_shown(warning: str) -> dict[str, Any]:
    """Return a warning or a note as JSON, for `Texts.warning`."""
    coded = warning if isinstance(warning, CodedText) else CodedText(warning)
    return {"text": str(coded), "code": coded.code, "facts": coded.facts}
