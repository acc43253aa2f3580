"""The strings files say the same things in every language."""

import json
import re
from pathlib import Path
from string import Formatter

import pytest

from lf_qwen3.base.coded import blame_error
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.reasons import Reason
from lf_qwen3.board import sections
from lf_qwen3.board.texts import ErrorShown, Texts, languages, texts, warning_shown
from lf_qwen3.data.convert import warned
from tests.library_reasons import GROUPS

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


IN_ENGLISH = tuple(GROUPS)
EVERY_REASON = [(group, code) for group, found in GROUPS.items() for code in found]
NEVER_TRANSLATED = re.compile(r"lf-qwen3 [a-z]+|--[a-z][a-z-]+|</?think>|[a-z]+_[a-z_]+")


@pytest.mark.parametrize("language", OTHERS)
def test_every_code_of_the_library_has_its_meaning_and_no_other_has(language):
    file = FOLDER.parent / "reasons" / f"{language}.json"
    found = json.loads(file.read_text("utf-8"))
    assert [(group, code) for group in IN_ENGLISH for code in found[group]] == EVERY_REASON
    chinese = json.loads((file.parent / "zh.json").read_text("utf-8"))
    assert [*found] == [*IN_ENGLISH, "warnings", "notes", "errors"]
    for group in ("warnings", "notes", "errors"):
        assert [*found[group]] == [*chinese[group]]


def test_each_translated_error_is_one_of_the_library():
    package = FOLDER.parents[1] / "lf_qwen3"
    sources = "".join(file.read_text("utf-8") for file in package.rglob("*.py"))
    codes = json.loads((FOLDER.parent / "reasons" / "zh.json").read_text("utf-8"))["errors"]
    assert [code for code in codes if f'"{code}"' not in sources] == []


@pytest.mark.parametrize("language", OTHERS)
def test_each_warning_of_a_conversion_is_translated_with_its_facts(language):
    translated = json.loads((FOLDER.parent / "reasons" / f"{language}.json").read_text("utf-8"))["warnings"]
    chinese = json.loads((FOLDER.parent / "reasons" / "zh.json").read_text("utf-8"))["warnings"]
    for code, reason in translated.items():
        assert fields(reason["message"]) == sorted(fields(chinese[code]["message"])), code
    folder = FOLDER.parents[1] / "lf_qwen3" / "data" / "convert"
    sources = "".join(file.read_text("utf-8") for file in folder.glob("*.py"))
    assert [code for code in translated if f'"{code}"' not in sources] == []
    assert sources.count("CodedText(") + len(warned._TEXT) - 1 == len(translated)


@pytest.mark.parametrize("language", OTHERS)
def test_notes_of_a_check_are_said_in_the_language_of_the_page(language):
    notes = json.loads((FOLDER.parent / "reasons" / f"{language}.json").read_text("utf-8"))["notes"]
    sources = "".join(file.read_text("utf-8") for file in (FOLDER.parents[1] / "lf_qwen3").rglob("*.py"))
    assert [code for code in notes if f'"{code}"' not in sources] == []
    error = LfQwen3Error("no tokenizer in x/y", "name one", code="file_missing")
    note = warning_shown(blame_error("tokens were not counted", "tokens_not_counted", error))
    assert texts("en").warning(note) == "tokens were not counted: no tokenizer in x/y (name one)"
    t = texts(language)
    why = t.reason("errors", "file_missing", ("", "")).message
    assert why
    assert t.warning(note) == notes["tokens_not_counted"]["message"].format(why=why)


TAB_WORDS = {
    "convert with --val 0.05, then eval_dataset": "“1 · Data › Validation split: 0.05”, then eval_dataset",
    "mix (lf-qwen3 convert --mix thinking=0.75); or": "mix (“1 · Data › Thinking share: 0.75”); or",
    "lf-qwen3 convert --turns unroll": "“1 · Data › Multi-turn conversations: one record for each answer”",
    "lf-qwen3 convert mends it": "“1 · Data” mends it",
    "lf-qwen3 check --config TRAIN.yaml finds": "“2 · Check and preview › Check” finds",
    "lf-qwen3 preview NAME --dataset-dir DIR": "“2 · Check and preview › Preview the record”",
    "--row may be 1 to 160": "“2 · Check and preview › Row” may be 1 to 160",
    "--columns question=a b": "“Question column: a” b",
    "--columns question=ask,answer=reply reads": "“Question column: ask”, “Answer column: reply” reads",
    "name it: --columns ROLE=COLUMN": "name it: lf-qwen3 convert --columns ROLE=COLUMN",
    "--keep all keeps such rows": "“10 · Answers of a model › Keep: all valid answers” keeps such rows",
    "lf-qwen3 register NAME FILE --replace writes": "lf-qwen3 register NAME FILE --replace writes",
    "choose another --name, or --replace": (
        "choose another “1 · Data › Dataset name”, or “1 · Data › Replace the dataset”"
    ),
}


@pytest.mark.parametrize("text", TAB_WORDS)
def test_a_command_is_said_in_the_words_of_the_tab(text):
    assert texts("en").say(text) == TAB_WORDS[text]


@pytest.mark.parametrize("language", languages())
def test_no_reason_in_the_tab_names_an_option_that_has_a_field(language):
    for group, code in EVERY_REASON:
        meaning = " ".join(texts(language).reason(group, code, GROUPS[group][code]))
        assert not re.search(r"--(?:val|test|mix|turns|unescape|every|as-text|row)\b", meaning), code


def test_an_error_is_said_in_the_language_of_the_page_with_its_own_words_beside_it():
    error: ErrorShown = {"error": "raw/x.jsonl: none", "hint": "did you mean y?", "code": "file_missing"}
    assert texts("en").error(error) == ("raw/x.jsonl: none", "did you mean y?", "")
    said = texts("ja").error(error)
    assert said.message == texts("ja").reason("errors", "file_missing", ("", "")).message
    assert said.detail == error["error"]
    unknown = texts("ja").error({**error, "code": "no_such_code"})
    assert unknown == (texts("ja")("tab.error"), "did you mean y?", error["error"])


@pytest.mark.parametrize("language", OTHERS)
def test_a_meaning_is_translated_and_keeps_commands_keys_and_tags(language):
    translated = json.loads((FOLDER.parent / "reasons" / f"{language}.json").read_text("utf-8"))
    for group, code in EVERY_REASON:
        reason = translated[group][code]
        for own, other in zip(GROUPS[group][code], (reason["message"], reason.get("hint", "")), strict=True):
            assert bool(own) == bool(other), (group, code)
            assert not own or own != other, (group, code)
            assert set(NEVER_TRANSLATED.findall(own)) <= set(NEVER_TRANSLATED.findall(other)), (group, code)


def test_a_meaning_in_english_is_the_librarys_own():
    assert texts("en").reason("rejected", "nul", Reason("a", "b")) == Reason("a", "b")
