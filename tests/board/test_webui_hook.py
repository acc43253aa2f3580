"""The hook: waits for one module, wraps one function, and is never in the way."""

import sys
import types

import pytest

from lf_qwen3.board import hook


@pytest.fixture
def board(tmp_path, monkeypatch):
    """Put a stand-in for the board's module on the path; return the function that writes its text."""
    package = tmp_path / "llamafactory" / "webui"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("", "utf-8")
    for name in [one for one in sys.modules if one.split(".")[0] == "llamafactory"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", [one for one in sys.meta_path if type(one) is not hook.Finder])
    monkeypatch.delenv(hook.SWITCH, raising=False)
    yield lambda text: (package / "interface.py").write_text(text, "utf-8")
    for name in [one for one in sys.modules if one.split(".")[0] == "llamafactory"]:
        del sys.modules[name]


PAGE = "def create_ui(demo_mode=False):\n    return ['page', demo_mode]\n"


@pytest.fixture
def tabs(monkeypatch):
    """Replace what puts the tab into a page; return the list of pages it was given."""
    given = []
    attach = types.ModuleType("lf_qwen3.board.attach")
    monkeypatch.setattr(attach, "add_tab", given.append, raising=False)
    monkeypatch.setitem(sys.modules, "lf_qwen3.board.attach", attach)
    monkeypatch.setattr(sys.modules["lf_qwen3.board"], "attach", attach, raising=False)
    return given


def interface():
    import importlib

    return importlib.import_module(hook.TARGET)


def test_the_page_is_made_by_the_board_and_then_given_the_tab(board, tabs):
    board(PAGE)
    hook.install()
    page = interface().create_ui(demo_mode=True)
    assert page == ["page", True]
    assert tabs == [page]


def test_twice_installed_is_one_tab(board, tabs):
    board(PAGE)
    hook.install()
    hook.install()
    assert sum(type(one) is hook.Finder for one in sys.meta_path) == 1
    interface().create_ui()
    hook.install()
    interface().create_ui()
    assert len(tabs) == 2, "one for each page"


def test_installed_after_the_import_it_works_too(board, tabs):
    board(PAGE)
    interface()
    hook.install()
    interface().create_ui()
    assert len(tabs) == 1


def test_the_finder_leaves_once_it_has_seen_the_board(board, tabs):
    board(PAGE)
    hook.install()
    interface()
    assert not any(type(one) is hook.Finder for one in sys.meta_path)


def test_turned_off(board, tabs, monkeypatch):
    board(PAGE)
    monkeypatch.setenv(hook.SWITCH, "0")
    hook.install()
    interface().create_ui()
    assert tabs == []


def test_a_tab_that_fails_leaves_the_board_and_one_line(board, tabs, monkeypatch, capsys):
    def fail(page):
        raise LookupError("no\nengine")

    board(PAGE)
    monkeypatch.setattr(sys.modules["lf_qwen3.board.attach"], "add_tab", fail)
    hook.install()
    assert interface().create_ui() == ["page", False]
    told = capsys.readouterr().err
    assert told == "lf-qwen3: LLaMA Board starts without the Qwen3 tab: LookupError: no engine\n"


def test_a_board_that_is_made_otherwise_is_left_alone(board, tabs, capsys):
    board("def build():\n    return 1\n")
    hook.install()
    assert interface().build() == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_an_error_of_the_board_stays_its_own(board, tabs):
    board("def create_ui():\n    raise RuntimeError('the board is broken')\n")
    hook.install()
    with pytest.raises(RuntimeError, match="the board is broken"):
        interface().create_ui()
    assert tabs == []


def test_a_board_that_is_not_there_is_not_found(board):
    hook.install()
    with pytest.raises(ModuleNotFoundError, match=hook.TARGET):
        interface()


def test_other_imports_pass_by():
    assert hook.Finder().find_spec("json") is None
