"""Commands and options of the command line in the words of the tab: sections, fields, buttons by label.

Messages and cures of the library, and their translations, name what to type in a terminal; for most of it the
page has a field or a button. What it has none for stays a command.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lf_qwen3.board.texts import Texts

_GIVEN = r"(?: (?:NAME|FILE|DIR|SOURCE|TRAIN\.yaml|A B|--config|--dataset-dir|--name))*(?![a-z])"
_ROLES = "question|thinking|answer|system|messages"
_WORDS = re.compile(
    rf"(?P<check>lf-qwen3 check{_GIVEN})|(?P<preview>lf-qwen3 preview{_GIVEN})"
    r"|(?P<command>lf-qwen3 (?!convert)[a-z]+(?: (?:NAME|FILE|DIR|--[a-z-]+))*)"
    r"|(?:(?:lf-qwen3 )?convert (?:with )?)?"
    r"--(?P<option>val|test|mix|turns|unescape|every|as-text|replace|name|tokenizer|row|samples|keep)(?![a-z-])"
    r"(?: (?:thinking=)?(?P<value>-?[\d.]*\d|all|last|unroll)(?![a-z\d]))?"
    rf"|--columns (?P<columns>(?:(?:{_ROLES})=[^\s,;)]+(?:,(?=[a-z]+=))?)+)(?=[\s,;)]|$)"
    rf"|(?P<convert>lf-qwen3 convert{_GIVEN}(?! -))"
    r"|(?P<bare>--(?:allow-special|format|on-bad|columns)(?![a-z-]))"
)
_PLACES = {
    "check": ("proof.title", "proof.check"),
    "preview": ("proof.title", "proof.preview"),
    "convert": ("data.title",),
    "row": ("proof.title", "proof.row"),
    "samples": ("distil.title", "distil.samples"),
    "keep": ("distil.title", "distil.keep"),
}


def say_in_tab(text: str, t: Texts) -> str:
    """Return a text of the library, translated or not, in the tab's words in the language of `t`."""
    return _WORDS.sub(lambda match: _say(match, t), text)


def _say(match: re.Match[str], t: Texts) -> str:
    kind = match.lastgroup or ""
    if kind == "command":
        return match[0]
    if kind == "bare":
        return f"lf-qwen3 convert {match[0]}"
    if kind == "columns":
        pairs = (pair.split("=", 1) for pair in match["columns"].split(","))
        return ", ".join(_quote(t, (f"data.{role}",), column) for role, column in pairs)
    option, value = match["option"] or kind, match["value"] or ""
    if option in ("unescape", "every", "as-text"):
        option, value = "reading", option.replace("-", "_")
    return _quote(t, _PLACES.get(option, ("data.title", f"data.{option}")), value)


def _quote(t: Texts, keys: tuple[str, ...], value: str) -> str:
    """Return the labels of a place and a value, in the quotation marks of the language."""
    props = [t.props(key) for key in keys]
    labels = [str(prop.get("label") or prop["value"]) for prop in props]
    choices = {code: label for label, code in props[-1].get("choices", ())}
    return t("tab.quoted", text=" › ".join(labels) + (f": {choices.get(value, value)}" if value else ""))
