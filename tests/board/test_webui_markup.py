"""Whatever text goes into the tab's HTML comes out as text."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.board import markup


class Read(HTMLParser):
    """Collects the tags and the text of a piece of HTML, as a browser would see them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


TEXTS = st.one_of(
    st.text(),
    st.sampled_from(
        ["<script>alert(1)</script>", '" onload="x', "' x='", "&lt;", "</td></table><b>", "\ud800"]
    ),
)


@given(TEXTS)
def test_text_makes_no_tag(text):
    read = Read(markup.table([text], [[text]]))
    assert read.tags == ["div", "table", "thead", "tr", "th", "tbody", "tr", "td"]
    assert dict(read.attributes) == {"class": "lfq-table", "scope": "col"}


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_printable_text_is_shown_as_it_is(text):
    assert Read(markup.html(text)).text == text


@given(TEXTS)
def test_an_attribute_is_never_left(text):
    read = Read(markup.tag("span", markup.html("x"), title=text))
    assert read.tags == ["span"]
    assert [name for name, _ in read.attributes] == ["title"]


@pytest.mark.parametrize(("control", "seen"), [("\0", "\\x00"), ("\x1b", "\\x1b"), ("\u202e", "\\x202e")])
def test_what_cannot_be_seen_is_made_visible(control, seen):
    assert markup.html(f"a{control}b") == f"a{seen}b"


@pytest.mark.parametrize(
    ("done", "total", "value", "told"),
    [(1, 4, "0.250", "25%"), (9, 4, "1.000", "100%"), (0, 0, None, "Reading")],
)
def test_progress(done, total, value, told):
    read = Read(markup.progress("Reading", done, total))
    assert dict(read.attributes).get("value") == value
    assert told in read.text


def test_a_row_with_a_cell_too_many_is_refused():
    with pytest.raises(ValueError, match="zip"):
        markup.table(["a"], [[1, 2]])


def test_a_number_in_an_attribute_is_not_grouped():
    assert markup.tag("line", x2=1000) == '<line x2="1000"></line>'
