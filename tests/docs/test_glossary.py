"""The texts of the tab and the reasons use the terms of docs/glossary.md in every language."""

import json
import re

import pytest

from lf_qwen3.base import assets
from tests.docs.page import DOCS
from tests.library_reasons import GROUPS, texts_by_code

STEM = 4
"""Letters of a term that a text has to hold: Russian and Korean words change at their ends."""

KEYS = {"template", "dataset", "packing"}
"""Terms that are keys of a YAML too: a text may name the key instead."""

NAMES = re.compile(r"Thinking-2507|HF datasets|lf-qwen3 recipe|nats per token|model\'s tokenizer|\"[^\"]*\"")
"""What has a term in it and is a name, a unit or a quotation."""


def table():
    rows = re.findall(r"(?m)^\| (.+) \|$", (DOCS / "glossary.md").read_text("utf-8"))[1:]
    cells = [row.split(" | ") for row in rows]
    return {english: dict(zip(("zh", "ja", "ko", "ru"), terms, strict=True)) for english, _, *terms in cells}


def read(kind, language):
    return json.loads((assets.folder("web") / kind / f"{language}.json").read_text("utf-8"))


def texts(language):
    return dict(_walk(read("strings", language), ""))


def _walk(strings, path):
    for key, value in strings.items():
        if isinstance(value, dict):
            yield from _walk(value, f"{path}.{key}")
        else:
            yield f"{path}.{key}", re.sub(r"\{[^{}]*\}", "", value)


def stems(names, language):
    """Return the beginnings of a term's names; a short Russian word changes even its fourth letter."""
    words = [name.lower() for name in names.split(", ")]
    return [word.split()[0][:-1][:STEM] if language == "ru" else word[:STEM] for word in words]


def uses_of_terms(pairs, language):
    """Yield (term, whether the text has it, key, text) of each pair (key, English texts, text).

    A term counts where all of the English texts have it.
    """
    for term, names in table().items():
        accepted = [*stems(names[language], language), *({term} & KEYS)]
        in_english = re.compile(rf"\b{term}s?\b", re.IGNORECASE)
        for key, english, text in pairs:
            if english and all(in_english.search(NAMES.sub("", said)) for said in english):
                yield term, any(stem in text.lower() for stem in accepted), key, text


def reasons_with_english(language):
    """Return (key, English texts, text) of each message and hint of a language's reasons.

    An error, a warning or a note is said in one place or more, with other facts: the messages of all places
    are its English.
    """
    messages = texts_by_code()
    for group, reasons in read("reasons", language).items():
        for code, reason in reasons.items():
            key, message, hint = f"{group}.{code}", reason["message"], reason.get("hint", "")
            if own := GROUPS.get(group, {}).get(code):
                yield from ((key, [own.message], message), (key, [own.hint], hint))
            else:
                yield key, messages[code], message


@pytest.mark.parametrize("language", ["zh", "ja", "ko", "ru"])
def test_a_text_uses_the_term(language):
    english, other = texts("en"), texts(language)
    uses = list(uses_of_terms([(key, [text], other[key]) for key, text in english.items()], language))
    assert len(uses) > 100
    assert [use for use in uses if not use[1]] == []


@pytest.mark.parametrize("language", ["zh", "ja", "ko", "ru"])
def test_a_reason_uses_the_term(language):
    uses = list(uses_of_terms(list(reasons_with_english(language)), language))
    assert len(uses) > 200
    assert [use for use in uses if not use[1]] == []


def test_every_warning_has_its_english():
    raised = texts_by_code()
    codes = [code for group in ("warnings", "notes") for code in read("reasons", "zh")[group]]
    assert [code for code in codes if not raised[code]] == []


def test_a_term_is_given_in_every_language():
    assert len(table()) >= 20
    assert [term for term, names in table().items() if not all(name.strip() for name in names.values())] == []
