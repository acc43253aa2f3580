"""A training YAML that can be changed without losing a comment: an opening block, then flat settings."""

from __future__ import annotations

import copy
import re
from functools import cache, lru_cache
from io import StringIO
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.errors import LfQwen3Error

if TYPE_CHECKING:
    from ruamel.yaml import YAML

_SAFE_TEXT = re.compile(r"(?:\.{0,2}/)?[A-Za-z][\w./,-]*")
_YAML_1_1_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


class YamlDocument:
    """The opening comment (`header`, its lines) and the settings of one YAML, each comment at its place.

    Raises `LfQwen3Error` for text that is not YAML, with line and column, or that is not a mapping.
    """

    def __init__(self, text: str, where: str = "the YAML") -> None:
        from ruamel.yaml.error import YAMLError

        lines = text.splitlines(keepends=True)
        end = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
        self.header = [line.rstrip("\n") for line in lines[:end]]
        try:
            self.settings = copy.deepcopy(_load("".join(lines[end:]).lstrip("\n")))
        except YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            raise LfQwen3Error(
                f"{where}{place}: {getattr(error, 'problem', error)}", code="not_yaml"
            ) from error
        if not isinstance(self.settings, dict):
            raise LfQwen3Error(
                f"{where} holds no settings",
                "write lines like `cutoff_len: 2048`",
                code="no_settings",
            )

    def plain(self) -> dict[str, Any]:
        """Return the settings as ordinary Python values."""
        return {key: _plain(value) for key, value in self.settings.items()}

    def set(self, key: str, value: Any, before: str = "", comment: str = "") -> None:
        """Set a value, and a comment if given; a new key goes before the key `before`, or else to the end."""
        if key in self.settings:
            self.settings[key] = value
            if comment:
                _comment(self.settings, key, comment)
        elif before in self.settings:
            at = list(self.settings).index(before)
            self.settings.insert(at, key, value, comment=comment or None)
        else:
            self.settings[key] = value

    def change(self, key: str, value: Any, comment: str) -> None:
        """Set a value; another one than before gets this comment in place of its own, a new key none."""
        is_changed = key in self.settings and _plain(self.settings[key]) != value
        self.set(key, value, comment=comment if is_changed else "")

    def add_heading(self, key: str, text: str) -> None:
        """Put an empty line and a heading above a key."""
        keys = list(self.settings)
        _append(self.settings, keys[keys.index(key) - 1], f"\n{text}\n")

    def remove(self, key: str) -> None:
        """Take a key and its comment out; headings that follow it stay."""
        keys = list(self.settings)
        if key not in keys:
            return
        kept = _following(self.settings.ca.items.get(key))
        del self.settings[key]
        self.settings.ca.items.pop(key, None)
        if kept:
            _append(self.settings, keys[keys.index(key) - 1], kept)

    def text(self) -> str:
        """Return the file's text."""
        buffer = StringIO()
        _round_trip().dump(self.settings, buffer)
        return "\n".join([*self.header, "", buffer.getvalue()])


def format_setting(key: str, value: Any) -> str:
    """Return one setting as a line of YAML, without the line's end."""
    is_plain = type(value) in (bool, int, float, str, type(None))
    return _format_plain(key, value) if is_plain else _format(key, value)


def _format(key: str, value: Any) -> str:
    buffer = StringIO()
    _round_trip().dump({key: value}, buffer)
    return buffer.getvalue().rstrip("\n")


# The files of a run hold the same settings, and the recipes of a method are made from the same file.
_format_plain = lru_cache(maxsize=1024, typed=True)(_format)


@lru_cache(maxsize=32)
def _load(text: str) -> Any:
    return _round_trip().load(text)


def _round_trip() -> YAML:
    yaml = _yaml_type()()
    yaml.Representer = _representer()
    yaml.width = 1 << 16
    yaml.preserve_quotes = True
    return yaml


@cache
def _yaml_type() -> type[YAML]:
    """Return ruamel's YAML without its search of the disk for plug-ins, which takes longer than a setting."""
    from ruamel.yaml import YAML

    class NoPlugIns(YAML):
        def official_plug_ins(self) -> list[str]:
            return []

    return NoPlugIns


@cache
def _representer() -> type:
    """Return the writer of values that readers of YAML 1.1 (PyYAML, OmegaConf) and of 1.2 take for the same.

    Text such as `no` or `2024_01` is quoted, the number `1e-05` becomes `1.0e-05`, null is written out.
    """
    from ruamel.yaml.representer import RoundTripRepresenter

    class Portable(RoundTripRepresenter):
        def text(self, value: str) -> Any:
            safe = _SAFE_TEXT.fullmatch(value) and value.lower() not in _YAML_1_1_WORDS
            return self.represent_scalar("tag:yaml.org,2002:str", value, style=None if safe else '"')

        def number(self, value: float) -> Any:
            text = repr(value)
            if "e" not in text or "." in text:
                return self.represent_float(value)
            return self.represent_scalar("tag:yaml.org,2002:float", text.replace("e", ".0e"))

        def nothing(self, _: None) -> Any:
            return self.represent_scalar("tag:yaml.org,2002:null", "null")

    Portable.add_representer(str, Portable.text)
    Portable.add_representer(float, Portable.number)
    Portable.add_representer(type(None), Portable.nothing)
    return Portable


def _plain(value: Any) -> Any:
    """Return a value without what the round trip keeps beside it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _comment(settings: Any, key: str, text: str) -> None:
    """Put another comment at the end of a line that has one."""
    kept = _following(settings.ca.items.get(key))
    if key in settings.ca.items:
        settings.ca.items[key][2].value = f"# {text}\n{kept}"
    else:
        settings.yaml_add_eol_comment(text, key)


def _following(comments: list[Any] | None) -> str:
    """Return what the comment after a value holds beyond its own line: empty lines and the next heading."""
    token = comments[2] if comments else None
    return token.value.partition("\n")[2] if token else ""


def _append(settings: Any, key: str, text: str) -> None:
    from ruamel.yaml.error import CommentMark
    from ruamel.yaml.tokens import CommentToken

    comments = settings.ca.items.setdefault(key, [None, None, None, None])
    if comments[2] is None:
        comments[2] = CommentToken("\n" + text, CommentMark(0), None)
    else:
        comments[2].value = comments[2].value.rstrip("\n") + "\n" + text
