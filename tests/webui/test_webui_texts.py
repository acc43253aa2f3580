"""The strings files say the same things in every language."""

import json
from pathlib import Path
from string import Formatter

import pytest

from lf_qwen3.webui import sections
from lf_qwen3.webui.texts import Texts, languages, texts

FOLDER = Path(__file__).parents[2] / "web" / "strings"
SAME_EVERYWHERE = {"chart.here", "data.name.placeholder", "data.tokenizer.placeholder"}
"""Names of the field, which nobody translates."""


def flat(language):
    """Return key -> text of a strings file."""

    def walk(value, key):
        if isinstance(value, str):
            yield key, value
        else:
            for name, inner in value.items():
                yield from walk(inner, f"{key}.{name}" if key else name)

    return dict(walk(json.loads((FOLDER / f"{language}.json").read_text("utf-8")), ""))


def fields(text):
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


OTHERS = sorted(set(languages()) - {"en"})


def test_the_boards_languages_are_there():
    assert languages() == ("en", "ja", "ko", "ru", "zh")


@pytest.mark.parametrize("language", OTHERS)
def test_the_keys_are_the_same(language):
    assert flat(language).keys() == flat("en").keys()


@pytest.mark.parametrize("language", OTHERS)
def test_each_text_has_the_same_values_in_it(language):
    english, other = flat("en"), flat(language)
    assert not {key: other[key] for key in english if fields(english[key]) != fields(other[key])}


@pytest.mark.parametrize("language", OTHERS)
def test_each_text_is_translated(language):
    english, other = flat("en"), flat(language)
    assert not {
        key
        for key, text in english.items()
        if other[key] == text and key not in SAME_EVERYWHERE and len(text.split()) > 1
    }


@pytest.mark.parametrize("language", languages())
def test_no_text_is_empty_or_ends_in_a_blank(language):
    assert not {key: text for key, text in flat(language).items() if not text or text != text.strip()}


@pytest.mark.parametrize("section", sections.ORDER)
def test_each_section_has_a_title_and_a_help_line(section):
    for language in languages():
        assert texts(language)(f"{section}.title")
        assert texts(language)(f"{section}.help")


def test_an_unknown_language_is_english():
    assert texts("xx").language == texts(None).language == "en"


def test_counts_are_grouped_and_choices_become_pairs():
    made = Texts(
        "en", {"a": {"told": "{count} of {what}", "list": {"label": "L", "choices": {"x": "the x"}}}}
    )
    assert made("a.told", count=12345, what="rows") == "12,345 of rows"
    assert made.props("a.list") == {"label": "L", "choices": [("the x", "x")]}
    assert made.props("a.told") == {"value": "{count} of {what}"}
