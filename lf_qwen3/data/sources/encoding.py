"""The encoding of a text file: decided only if its bytes leave no doubt, guessed only for a hint."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Mapping

from lf_qwen3.data.sources.part import Encoding

ENCODING_NAMES: Mapping[Encoding, str] = {
    "gb18030": "GB18030",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32",
}
"""Encodings that files are read in beside UTF-8, as messages call them."""

_MARKS: Mapping[bytes, Encoding] = {
    codecs.BOM_UTF8: "",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_USUAL = re.compile("[\u00a0-\u017f\u0370-\u052f\u0590-\u06ff]")
"""Characters of two bytes in UTF-8: Latin, Greek, Cyrillic, Hebrew and Arabic."""

_HANZI = re.compile("[\u3400-\u9fff]{2,}")
_TURKISH = "ğışĞİŞçöüÇÖÜ"
"""The letters of Turkish, those first that CP1252 has others for."""
_CYRILLIC = re.compile(r"[а-яё]{3,}")
_COMMONEST = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作"
)
"""A fifth and more of any Chinese text, and next to nothing of what other encodings look like here."""
_LEAST_HANZI = 6
"""Characters that are needed to be sure of GB18030."""


def find_encoding(head: bytes, is_whole: bool) -> Encoding:
    """Return the encoding that the first bytes of a file are surely in, "" for UTF-8 and for any other.

    `is_whole` tells that the file ends with them. Sure are byte order marks, UTF-16 whose characters are
    assigned and partly ASCII, and GB18030 whose characters are common Chinese and that reads as no other
    encoding of East Asia.
    """
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        wide: tuple[Encoding, ...] = ("utf-16-le", "utf-16-be")
        fitting = [encoding for encoding in wide if _is_wide_text(_decode(head, encoding, is_whole))]
        return fitting[0] if len(fitting) == 1 else ""
    if _is_mostly_utf8(head, is_whole):
        return ""
    return "gb18030" if _is_surely_gb18030(head) else ""


def guess_encoding(head: bytes, is_whole: bool) -> str:
    """Return the likeliest encoding of bytes that are no UTF-8, as iconv calls it; "" for no idea."""
    if _is_mostly_utf8(head, is_whole):
        return ""
    fits = _fits_of(head)
    if fits:
        return fits[0]
    for name in ("CP1251", "KOI8-R"):
        if _is_cyrillic(_decode(head, name, is_whole)):
            return name
    hanzi = _decode_most(head, "gb18030")
    if 2 * sum(map(len, _HANZI.findall(hanzi))) > sum(char > "\x7f" for char in hanzi):
        return "GB18030"
    if _is_turkish(_decode(head, "CP1254", is_whole)):
        return "CP1254"
    for name in ("CP1252", "CP850"):
        text = _decode(head, name, is_whole)
        if text and all(unicodedata.category(char) != "Cc" for char in text if char > "\x7f"):
            return name
    return ""


def iconv_hint(path: object, encoding: str) -> str:
    """Return how a file is saved as UTF-8; `encoding` is "" where it is not known."""
    likely = f"it looks like {encoding}; " if encoding else ""
    return f"{likely}save it as UTF-8: iconv -f {encoding or 'ENCODING'} -t utf-8 '{path}'"


def to_utf8(head: bytes, encoding: Encoding) -> bytes:
    """Return the first bytes of a file in UTF-8; a character that is cut at the end is left out."""
    if not encoding:
        return head
    return codecs.getincrementaldecoder(encoding)("replace").decode(head).encode("utf-8", "replace")


def _decode(head: bytes, encoding: str, is_whole: bool) -> str:
    """Decode the first bytes of a file strictly; "" where they are not in this encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head, is_whole)
    except UnicodeDecodeError:
        return ""


def _is_wide_text(text: str) -> bool:
    """Return whether text decoded as UTF-16 makes sense: a wrong byte order or UTF-8 gives no such text."""
    ascii_chars = sum(char < "\x80" for char in text)
    return ascii_chars * 20 > len(text) and not any(
        unicodedata.category(char) in ("Cc", "Cn", "Co") and char not in "\t\r\n" for char in text
    )


def _is_mostly_utf8(head: bytes, is_whole: bool) -> bool:
    """Return whether most bytes beyond ASCII are well-formed UTF-8, so that the others are broken rows."""
    if _decode(head, "utf-8", is_whole) or not head:
        return True
    beyond = len(head) - len(head.decode("ascii", "ignore"))
    kept = [char for char in head.decode("utf-8", "ignore") if char > "\x7f"]
    long = 3 * sum(char > "\u07ff" for char in kept)
    if 2 * long >= beyond:
        return True
    usual = 2 * sum(map(bool, map(_USUAL.match, kept)))  # pairs of GB18030 are unusual letters by chance
    return 4 * (usual + long) >= 3 * beyond


def _fits_of(head: bytes) -> list[str]:
    """Return the encodings of East Asia in which the text makes sense."""
    return [name for name, makes_sense in _SENSE.items() if makes_sense(_decode_most(head, name))]


def _decode_most(head: bytes, encoding: str) -> str:
    """Decode the first bytes of a file; "" where more than a few characters are not in this encoding."""
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    broken = text.count("\ufffd")
    return text if 20 * broken <= sum(char > "\x7f" for char in text) else ""


def _is_surely_gb18030(head: bytes) -> bool:
    """Return whether text makes sense in GB18030 alone, or is made of the commonest characters there."""
    fits = _fits_of(head)
    hanzi = [char for char in _decode_most(head, "gb18030") if "\u4e00" <= char <= "\u9fff"]
    if "GB18030" not in fits or len(hanzi) < _LEAST_HANZI:
        return False
    return len(fits) == 1 or 5 * sum(char in _COMMONEST for char in hanzi) >= len(hanzi)


def _is_common(charset: str, first: int, last: int) -> Callable[[str], bool]:
    """Return a test for text of which most ideographs are in the first plane of a character set."""

    def makes_sense(text: str) -> bool:
        beyond = [char for char in text if char > "\x7f"]
        hanzi = [char for char in beyond if "\u3400" <= char <= "\u9fff" or "\ue000" <= char <= "\uf8ff"]
        leads = [char.encode(charset, "ignore")[:1] for char in hanzi]
        common = sum(len(lead) == 1 and first <= lead[0] <= last for lead in leads)
        return bool(hanzi) and 2 * len(hanzi) >= len(beyond) and 5 * common >= 4 * len(hanzi)

    return makes_sense


def _has_share(first: str, last: str, share: float) -> Callable[[str], bool]:
    """Return a test for text of which this share of the characters beyond ASCII lies between two."""

    def makes_sense(text: str) -> bool:
        beyond = [char for char in text if char > "\x7f"]
        inside = sum(first <= char <= last for char in beyond)
        return bool(beyond) and inside >= share * len(beyond)

    return makes_sense


def _is_cyrillic(text: str) -> bool:
    """Return whether half of the characters beyond ASCII are in small Cyrillic words."""
    beyond = sum(char > "\x7f" for char in text)
    return bool(beyond) and 2 * sum(map(len, _CYRILLIC.findall(text))) >= beyond


def _is_turkish(text: str) -> bool:
    """Return whether nine of ten letters beyond ASCII are Turkish, and some are Turkish only.

    The bytes of the latter are Icelandic letters in CP1252, whose texts are full of others.
    """
    beyond = [char for char in text if char > "\x7f" and char.isalpha()]
    turkish = sum(char in _TURKISH for char in beyond)
    return 10 * turkish >= 9 * len(beyond) and any(char in _TURKISH[:6] for char in beyond)


_SENSE: Mapping[str, Callable[[str], bool]] = {
    "EUC-KR": _has_share("\uac00", "\ud7a3", 0.8),
    "SHIFT_JIS": _has_share("\u3040", "\u30ff", 0.2),
    "EUC-JP": _has_share("\u3040", "\u30ff", 0.2),
    "BIG5": _is_common("big5", 0xA4, 0xC6),
    "GB18030": _is_common("gb2312", 0xB0, 0xD7),
}
"""Whether decoded text is text of the people who use the encoding."""
