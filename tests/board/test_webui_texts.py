"""The strings files say the same things in every language."""

import json
import re
from pathlib import Path
from string import Formatter

import pytest

from lf_qwen3.base import reasons
from lf_qwen3.base.reasons import Reason
from lf_qwen3.board import sections
from lf_qwen3.board.texts import Texts, languages, texts
from lf_qwen3.proof.check.rules.registered import all_checks
from lf_qwen3.results.diagnose.verdict_rules import all_verdicts

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
        "en", {"a": {"told": "{count} of {what}", "list": {"label": "L", "choices": {"x": "the x"}}}}, {}
    )
    assert made("a.told", count=12345, what="rows") == "12,345 of rows"
    assert made.props("a.list") == {"label": "L", "choices": [("the x", "x")]}
    assert made.props("a.told") == {"value": "{count} of {what}"}


GROUPS = {
    "rejected": reasons.REJECTED,
    "repaired": reasons.REPAIRED,
    "checks": {one.code: Reason(one.message, one.hint) for one in all_checks()},
    "verdicts": {one.code: Reason(one.what, one.advice) for one in all_verdicts()},
}
EVERY_REASON = [(group, code) for group, found in GROUPS.items() for code in found]
NEVER_TRANSLATED = re.compile(r"lf-qwen3 [a-z]+|--[a-z][a-z-]+|</?think>|[a-z]+_[a-z_]+")


@pytest.mark.parametrize("language", OTHERS)
def test_every_code_of_the_library_has_its_meaning_and_no_other_has(language):
    file = FOLDER.parent / "reasons" / f"{language}.json"
    found = json.loads(file.read_text("utf-8"))
    assert [(group, code) for group, codes in found.items() for code in codes] == EVERY_REASON


@pytest.mark.parametrize("language", OTHERS)
def test_a_meaning_is_translated_and_keeps_commands_keys_and_tags(language):
    for group, code in EVERY_REASON:
        english = GROUPS[group][code]
        for own, other in zip(english, texts(language).reason(group, code, english), strict=True):
            assert bool(own) == bool(other), (group, code)
            assert not own or own != other, (group, code)
            assert set(NEVER_TRANSLATED.findall(own)) <= set(NEVER_TRANSLATED.findall(other)), (group, code)


def test_a_meaning_in_english_is_the_librarys_own():
    assert texts("en").reason("rejected", "nul", Reason("a", "b")) == Reason("a", "b")
