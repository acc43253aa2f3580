"""The frame that sections are built in: it makes their elements and keeps them in the page's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lf_qwen3.board.board import Board
from lf_qwen3.board.markup import Html, tag
from lf_qwen3.board.texts import DEFAULT, Texts, texts

PREFIX = "lf-qwen3"
QUIET: dict[str, Any] = {"api_name": False, "show_progress": "hidden"}
"""How every event of the tab is bound: no API endpoint, no overlay over what is shown."""

_OPEN_ANEW = """() => {
  const open = () => document.activeElement?.dispatchEvent(new FocusEvent("focus"));
  requestAnimationFrame(() => requestAnimationFrame(open));
  return [];
}"""

Render = Callable[[Any, Texts], Html]


@dataclass(frozen=True)
class View:
    """Something shown: its value in a state of each browser session, its element, and what makes the HTML."""

    state: Any
    shown: Any
    render: Render

    def show(self, value: Any, language: str | None) -> dict[Any, Any]:
        """Return the updates by which an event shows a new value."""
        return {self.state: value, self.shown: self.html(value, language)}

    def html(self, value: Any, language: str | None) -> Html:
        """Return the HTML of a value in a language."""
        return tag("div", self.render(value, texts(language)), class_="lfq-view")

    @property
    def outputs(self) -> list[Any]:
        """Return the elements that an event must name to use `show`."""
        return [self.state, self.shown]


class Frame:
    """Hands out elements to sections; whatever is made by it follows the page's language.

    `datasets` holds the names that this browser session registered last (a list, see `follow_datasets`).
    `tokenizer` is the element in which a tokenizer is named.
    """

    def __init__(self, board: Board) -> None:
        self.board = board
        self.section = ""
        self.tokenizer: Any = None
        self.datasets = gr.State([])
        self._elements: dict[str, Any] = {}
        self._views: list[View] = []

    def add(self, name: str, kind: Callable[..., Any], **options: Any) -> Any:
        """Make an element; its label, help line, value and choices are the texts `SECTION.NAME`."""
        key = f"{self.section}.{name}"
        props = texts(DEFAULT).props(key)
        element = kind(**(_as_given(kind, props) | {"elem_id": self.id_of(name)} | options))
        self._elements[key] = element
        return element

    def name(self, name: str, element: Any) -> None:
        """Give an element that was made elsewhere the texts `SECTION.NAME`."""
        self._elements[f"{self.section}.{name}"] = element

    def view(self, name: str, render: Render, initial: Any = None) -> View:
        """Make an element for HTML that is made of a value; `initial` is its value in a new session.

        `render(value, texts)` is called anew when the language changes, so it must be quick.
        """
        view = View(gr.State(initial), gr.HTML(elem_id=self.id_of(name), padding=False), render)
        view.shown.value = view.html(initial, DEFAULT)
        self._views.append(view)
        return view

    def offer(self, element: Any, names: Callable[..., list[Any]], inputs: Iterable[Any] = ()) -> None:
        """Look for the choices of a list each time it is opened: another window may have added some.

        Of choices that come to an open list gradio shows those alone that hold the text of the chosen one, so
        the list is opened once more when they are others than before. Whoever else sets the element sets its
        value and leaves its choices alone.
        """
        offered = gr.State([])

        def look(before: list[Any], *values: Any) -> tuple[Any, Any]:
            found = names(*values)
            return (gr.skip(), gr.skip()) if found == before else (type(element)(choices=found), found)

        element.focus(look, [offered, *inputs], [element, offered], queue=False, **QUIET)
        offered.change(None, js=_OPEN_ANEW, **QUIET)

    def follow_datasets(self, element: Any) -> None:
        """Choose in a list the first of the datasets that this session registered last."""
        self.datasets.change(lambda names: next(iter(names), None), [self.datasets], element, **QUIET)

    def id_of(self, name: str) -> str:
        """Return the DOM id of an element of the section: lf-qwen3-SECTION-NAME."""
        return f"{PREFIX}-{self.section}-{name}".replace("_", "-")

    def follow_language(self) -> None:
        """Bind all elements and views to the page's language; it changes at page load too."""
        named, views, lang = list(self._elements.items()), self._views, self.board.lang

        def relabel(language: str | None, *values: Any) -> dict[Any, Any]:
            found = texts(language)
            shown = zip(views, values, strict=True)
            return {one: type(one)(**_as_given(type(one), found.props(key))) for key, one in named} | {
                view.shown: view.html(value, language) for view, value in shown
            }

        outputs = [one for _, one in named] + [view.shown for view in views]
        lang.change(relabel, [lang, *(view.state for view in views)], outputs, queue=False, **QUIET)


def _as_given(kind: Any, props: dict[str, Any]) -> dict[str, Any]:
    """Return texts as an element of this kind takes them: the one text of an accordion is its label."""
    return {"label": props["value"]} if kind is gr.Accordion and "value" in props else props
