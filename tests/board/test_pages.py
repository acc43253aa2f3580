"""Whatever text goes into the tab's HTML comes out as text."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base import assets
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board import pages
from lf_qwen3.board.texts import languages, texts

ENGLISH = texts("en")
ROOT = Path(__file__).parents[2]


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
    st.text(min_size=1),
    st.sampled_from(
        ["<script>alert(1)</script>", '" onload="x', "' x='", "&lt;", "</td></table><b>", "\ud800"]
    ),
)


def source(text):
    file = {
        **dict.fromkeys(("name", "size", "converter", "reading"), text),
        **{key: [text, text] for key in ("columns", "read", "left")},
        "rows": [[text, [[text, text]]]],
        "problem": None,
    }
    problem = {"error": text, "hint": text, "code": text}
    state = {"files": [file, file | {"rows": [], "problem": problem}], "guess": {"question": text}}
    return Read(pages.render("data/source", ENGLISH, state=state))


def record(text):
    piece = {"text": text, "mask": "learnt", "part": text}
    tokens = dict.fromkeys(("total", "fed", "learnt", "prompt", "thinking", "answer"), 1)
    rendering = {"side": "", "tokens": tokens, "lost_end": False, "pieces": [piece]}
    row = {"file": text, "row": 1, "problem": "", "renderings": [rendering], "official": None}
    state = {"options": text, "cutoff_len": 1, "unofficial": text, "rows": [row]}
    return Read(pages.render("proof/record", ENGLISH, state=state))


@given(TEXTS)
def test_text_makes_no_tag_and_no_attribute(text):
    for view in (source, record):
        made, plain = view(text), view("x")
        assert made.tags == plain.tags
        assert [name for name, _ in made.attributes] == [name for name, _ in plain.attributes]


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"]), min_size=1))
def test_printable_text_is_shown_as_it_is(text):
    assert text in source(text).text


@pytest.mark.parametrize(("control", "seen"), [("\0", "\\x00"), ("\x1b", "\\x1b"), ("\u202e", "\\x202e")])
def test_what_cannot_be_seen_is_made_visible(control, seen):
    assert f"a{seen}b" in source(f"a{control}b").text


def test_a_line_break_in_data_stays():
    assert "a\n\n  b" in record("a\n\n  b").text


def test_a_value_that_a_state_lacks_is_an_error():
    with pytest.raises(Exception, match="guess"):
        pages.render("data/source", ENGLISH, state={"files": []})


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "null"), (True, "true"), ("", "–"), ([], "–"), (["a", 1], "a, 1"), (0, 0), (2048, 2048)],
)
def test_a_setting_is_shown_as_a_yaml_writes_it(value, shown):
    assert pages.setting(value) == shown


SILENT = (
    *("arena/answer", "arena/asked", "arena/counts", "arena/model"),
    *("card/next", "data/replaced", "sampling/keys", "sampling/kept", "sampling/messages", "train/saved"),
)
"""Views that take no room while there is nothing."""


@pytest.mark.parametrize("language", languages())
def test_every_view_shows_nothing_and_an_error_in_every_language(language):
    folder = assets.folder("web") / "board"
    views = sorted(file.relative_to(folder).with_suffix("") for file in folder.glob("*/*.html"))
    views = [view for view in views if 'extends "' in (folder / f"{view}.html").read_text("utf-8")]
    assert len(views) > 10
    for view in views:
        nothing = Read(pages.render(str(view), texts(language), state=None))
        assert nothing.tags == (["div"] if str(view) in SILENT else ["div", "p"]), view
        error = Read(pages.render(str(view), texts(language), state={"error": "<i>", "hint": "h"}))
        assert ("role", "alert") in error.attributes
        assert "i" not in error.tags


def test_the_tab_names_a_trainer_whose_settings_are_not_known(monkeypatch):
    gradio = pytest.importorskip("gradio")
    from lf_qwen3.board import sections, tab
    from lf_qwen3.board.board import Board
    from lf_qwen3.trainer import versions

    monkeypatch.setattr(sections, "ORDER", ())

    def texts_of_page():
        with gradio.Blocks() as page:
            board = Board(lang=gradio.Dropdown(["en"]), dataset_dir=gradio.Textbox())
            tab.build(board, page.load)
        return "".join(str(block.value) for block in page.blocks.values() if isinstance(block, gradio.HTML))

    monkeypatch.setattr(versions, "installed_version", lambda: "0.9.5")
    assert "0.9.5" not in texts_of_page()
    monkeypatch.setattr(versions, "installed_version", lambda: "0.9.9")
    assert "LLaMA-Factory 0.9.9 is installed; lf-qwen3 knows 0.9.5, 0.9.6.dev0" in texts_of_page()


def test_a_list_that_cannot_be_read_says_so_where_it_would_be_empty():
    gradio = pytest.importorskip("gradio")
    from lf_qwen3.board.board import Board
    from lf_qwen3.board.frame import Frame

    def names(folder):
        raise LfQwen3Error(f"{folder}/<b>: line 1", "repair it", code="registry_broken")

    with gradio.Blocks() as page:
        frame = Frame(Board(lang=gradio.Dropdown(["en"]), dataset_dir=gradio.Textbox()))
        frame.section = "proof"
        frame.add_list("dataset", names, [frame.board.dataset_dir])
    [offer] = [event.fn for event in page.fns.values() if event.targets[0][1] == "focus"]
    for language in languages():
        shown, offered = offer([], language, "data")
        assert shown.choices == offered[0] == []
        assert "data/<b>: line 1" in shown.info
        assert (
            texts(language).reason("errors", "registry_broken", ("data/<b>: line 1", "")).message
            in shown.info
        )
        assert offer(offered, language, "data") == (gradio.skip(), gradio.skip())


def test_no_number_is_refused_by_gradio_whose_message_passes():
    gradio = pytest.importorskip("gradio")
    from lf_qwen3.board import tab

    numbers = [block for block in tab.make_page().blocks.values() if isinstance(block, gradio.Number)]
    assert len(numbers) > 4
    assert [number.elem_id for number in numbers if (number.minimum, number.maximum) != (None, None)] == []


def test_a_gradio_that_is_too_old_is_named(monkeypatch):
    gradio = pytest.importorskip("gradio")
    from lf_qwen3.board import tab

    monkeypatch.setattr(gradio, "__version__", "4.44.1")
    with pytest.raises(UsageError, match=r"gradio 4\.44\.1") as caught:
        tab.make_page()
    assert caught.value.code == "extra_missing"
    least = ".".join(map(str, tab._LEAST_GRADIO))
    assert f'web = ["gradio>={least},' in (ROOT / "pyproject.toml").read_text("utf-8")
