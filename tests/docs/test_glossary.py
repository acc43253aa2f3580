"""The texts of the tab use the terms of docs/glossary.md in every language."""

import json
import re

import pytest

from lf_qwen3.base import assets
from tests.docs.page import DOCS

STEM = 4
"""Letters of a term that a text has to hold: Russian and Korean words change at their ends."""


def table():
    rows = re.findall(r"(?m)^\| (.+) \|$", (DOCS / "glossary.md").read_text("utf-8"))[1:]
    cells = [row.split(" | ") for row in rows]
    return {english: dict(zip(("zh", "ja", "ko", "ru"), terms, strict=True)) for english, _, *terms in cells}


def texts(language):
    strings = json.loads((assets.folder("web") / "strings" / f"{language}.json").read_text("utf-8"))
    return dict(_walk(strings, ""))


def _walk(strings, path):
    for key, value in strings.items():
        if isinstance(value, dict):
            yield from _walk(value, f"{path}.{key}")
        else:
            yield f"{path}.{key}", re.sub(r"\{[^{}]*\}", "", value)


@pytest.mark.parametrize("language", ["zh", "ja", "ko", "ru"])
def test_a_text_uses_the_term(language):
    english, other = texts("en"), texts(language)
    uses, wrong = 0, []
    for term, names in table().items():
        stems = [name[:STEM].lower() for name in names[language].split(", ")]
        for key, text in english.items():
            if re.search(rf"\b{term}s?\b", text, re.IGNORECASE):
                uses += 1
                if not any(stem in other[key].lower() for stem in stems):
                    wrong.append(f"{key}: {term}: {other[key]}")
    assert uses > 100
    assert wrong == []


def test_a_term_is_given_in_every_language():
    assert len(table()) >= 20
    assert [term for term, names in table().items() if not all(name.strip() for name in names.values())] == []
