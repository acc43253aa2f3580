"""The YAML document: changes keep every comment, and every reader takes a value for the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.recipes import list_shipped
from lf_qwen3.recipes.document import YamlDocument, format_setting

TEXT = """\
# what it is
#
# Needs nothing.

### model
model: a              # which

### data
dataset: b            # the rows
cutoff_len: 2048      # how long
template: qwen3       # how it is written

### output
rate: 1.0e-4          # how fast
out: saves
"""


def changed(change) -> str:
    document = YamlDocument(TEXT)
    change(document)
    return document.text()


def without(text: str, *lines: str) -> str:
    kept = [one for one in text.splitlines() if not one.startswith(lines)]
    return "\n".join(kept) + "\n"


def test_an_unchanged_document_is_the_same_text():
    assert YamlDocument(TEXT).text() == TEXT


@pytest.mark.parametrize("recipe", list_shipped(), ids=lambda recipe: recipe.name)
def test_a_shipped_recipe_comes_back_byte_for_byte(recipe):
    assert YamlDocument(recipe.text).text() == recipe.text


@pytest.mark.parametrize("key", ["dataset", "cutoff_len", "template", "rate", "out"])
def test_removing_a_key_takes_its_line_and_no_other(key):
    assert changed(lambda document: document.remove(key)) == without(TEXT, f"{key}:")


def test_removing_a_key_that_is_not_there_changes_nothing():
    assert changed(lambda document: document.remove("nothing")) == TEXT


def test_a_changed_value_keeps_its_comment():
    assert "cutoff_len: 512       # how long\n" in changed(lambda document: document.set("cutoff_len", 512))


def test_a_new_key_goes_before_another_with_its_comment():
    text = changed(lambda document: document.set("val", 0.1, before="cutoff_len", comment="a share"))
    at = text.splitlines().index("dataset: b            # the rows")
    assert text.splitlines()[at + 1].split() == ["val:", "0.1", "#", "a", "share"]


def test_a_heading_stands_above_a_new_key():
    def change(document):
        document.set("seed", 1)
        document.add_heading("seed", "### set by hand")

    assert changed(change) == TEXT + "\n### set by hand\nseed: 1\n"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("no", 'key: "no"'),
        ("2024_01", 'key: "2024_01"'),
        ("a b", 'key: "a b"'),
        ("../data", "key: ../data"),
        ("q_proj,v_proj", "key: q_proj,v_proj"),
        ("Qwen/Qwen3-4B", "key: Qwen/Qwen3-4B"),
        (1e-05, "key: 1.0e-05"),
        (0.0002, "key: 0.0002"),
        (None, "key: null"),
        (True, "key: true"),
        ("", 'key: ""'),
    ],
    ids=repr,
)
def test_how_a_value_is_written(value, written):
    assert format_setting("key", value) == written


@given(st.one_of(st.text(max_size=20), st.floats(allow_nan=False, allow_infinity=False), st.integers()))
def test_a_value_is_read_back_as_it_was(value):
    document = YamlDocument("key: old  # kept\n")
    document.set("key", value)
    assert YamlDocument(document.text()).plain() == {"key": value}
    assert YAML(typ="safe").load(format_setting("key", value)) == {"key": value}


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("# a\n\nkey: [1\n", "not_yaml", "line 2, column 1"),
        ("# a\n\n- 1\n", "no_settings", ""),
        ("", "no_settings", ""),
    ],
    ids=["unclosed", "a list", "empty"],
)
def test_a_document_that_cannot_be_read(text, code, place):
    with pytest.raises(LfQwen3Error) as error:
        YamlDocument(text, "my.yaml")
    assert error.value.code == code
    assert place in error.value.message
    assert error.value.message.startswith("my.yaml")
