"""The frame that sections are built in: it makes their elements and keeps them in the page's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.board import Board
from lf_qwen3.board.pages import render, visible
from lf_qwen3.board.texts import DEFAULT, Texts, error_shown, texts

PREFIX = "lf-qwen3"
QUIET: dict[str, Any] = {"api_name": False, "show_progress": "hidden"}
"""How every event of the tab is bound: no API endpoint, no overlay over what is shown."""

_OPEN_ANEW = """() => {
  const open = () => document.activeElement?.dispatchEvent(new FocusEvent("focus"));
  requestAnimationFrame(() => requestAnimationFrame(open));
  return [];
}"""

_CLICKED = """before => {
  const buttons = [...document.querySelectorAll("#%s [data-lfq]")];
  const clicked = buttons.find(button => button === document.activeElement)
    ?? buttons.find(button => button.matches(":hover"));
  return clicked ? `${clicked.dataset.lfq}\\n${Date.now()}` : before;
}"""
"""The value of the button that was clicked inside an element, and when; without one, what was there before.

A click with the mouse gives no button the focus in Safari, and one with the keyboard hovers over none.
"""

Updates = dict[Any, Any]
"""What an event changes: element -> its new value or properties."""

Values = Mapping[Any, Any]
"""What an event has read: element -> value."""

Elements = Mapping[str, Any]
"""The elements of a form by name."""


@dataclass(frozen=True)
class View:
    """Something shown: its value in a state of each browser session, its element, and its template."""

    state: Any
    element: Any
    template: str

    def show(self, value: object, language: str | None) -> Updates:
        """Return the updates by which an event shows what a handler returned, or the error it raised."""
        if isinstance(value, LfQwen3Error):
            value = error_shown(value)
        return {self.state: value, self.element: self.html(value, language)}

    def html(self, value: object, language: str | None) -> str:
        """Return the HTML of a value in a language."""
        return render(self.template, texts(language), state=value)

    @property
    def outputs(self) -> list[Any]:
        """The elements that an event must name to use `show`."""
        return [self.state, self.element]


class Frame:
    """Hands out elements to sections; whatever is made by it follows the page's language.

    `datasets` holds the names that this browser session registered last (a list, see `follow_datasets`).
    `tokenizer` is the element in which a tokenizer is named, `settings` that in which is chosen what data are
    checked against. `job` holds the id of the job that this page started last; the strip follows it. `works`
    holds the button and the view of each long work.
    """

    def __init__(self, board: Board) -> None:
        self.board = board
        self.section = ""
        self.tokenizer: Any = None
        self.run: Any = None
        self.settings: Any = None
        self.datasets = gr.State([])
        self.job = gr.State("")
        self.works: dict[str, tuple[Any, View]] = {}
        self.restoring: list[tuple[Callable[..., Any], Any, Any]] = []
        self._elements: dict[str, Any] = {}
        self._views: list[View] = []

    def add(self, name: str, kind: Callable[..., Any], **options: Any) -> Any:
        """Make an element; its label, help line, value and choices are the texts `SECTION.NAME`."""
        key = f"{self.section}.{name}"
        props = texts(DEFAULT).props(key)
        element = kind(**(_as_given(kind, props) | {"elem_id": self.id_of(name)} | options))
        self._elements[key] = element
        return element

    def add_list(
        self, name: str, names: Callable[..., list[str]], inputs: Iterable[Any] = (), **options: Any
    ) -> Any:
        """Make a dropdown that offers `names(*inputs)` and takes what is typed as well.

        The names are looked up each time it is opened: another window may have added some. Of choices that
        come to an open list gradio shows those alone that hold the text of the chosen one, so the list is
        opened once more when they are others than before. Other code may set the value of the element, but
        not its choices. Where `names` raises `LfQwen3Error`, the help line of the list says why.
        """
        key = f"{self.section}.{name}"
        defaults: dict[str, Any] = {"choices": [], "value": None, "allow_custom_value": True}
        element = self.add(name, gr.Dropdown, **(defaults | options))
        offered = gr.State([])

        def offer(before: list[str], language: str | None, *values: Any) -> tuple[Any, Any]:
            t = texts(language)
            try:
                choices, info = names(*values), t.props(key).get("info")
            except LfQwen3Error as error:
                choices, info = [], visible("\n".join(t.error(error_shown(error))))
            if [choices, info] == before:
                return gr.skip(), gr.skip()
            return gr.Dropdown(choices=choices, info=info), [choices, info]

        element.focus(offer, [offered, self.board.lang, *inputs], [element, offered], queue=False, **QUIET)
        offered.change(None, js=_OPEN_ANEW, **QUIET)
        return element

    def name(self, name: str, element: Any) -> None:
        """Give an element that was made elsewhere the texts `SECTION.NAME`."""
        self._elements[f"{self.section}.{name}"] = element

    def view(self, name: str, value: object = None, template: str = "") -> View:
        """Make an element for the HTML of the template web/board/SECTION/NAME.html, filled with a value.

        Several views may share a `template`, which is then named apart from them.

        The template is filled again when the language changes, so it must be quick.
        """
        element = gr.HTML(elem_id=self.id_of(name), elem_classes="lfq-live", padding=False)
        view = View(gr.State(value), element, f"{self.section}/{template or name}")
        element.value = view.html(value, DEFAULT)
        self._views.append(view)
        return view

    def view_of(self, template: str) -> View:
        """Return the view of a section that is above: SECTION/NAME."""
        return next(view for view in self._views if view.template == template)

    def on_click(
        self,
        view: View,
        act: Callable[[str, Values], Updates],
        inputs: Iterable[Any] = (),
        outputs: Iterable[Any] = (),
    ) -> Any:
        """Let the buttons inside a view act: `act(value, values)` returns updates of `outputs`.

        `value` is that of the clicked button, which a template makes by `parts.button(value, text)`; it comes
        from the browser and counts as hostile. Returns the event, for what is to follow.
        """
        clicked, done = gr.Textbox(elem_classes="lfq-hidden", container=False), gr.State("")
        view.element.click(None, clicked, clicked, js=_CLICKED % view.element.elem_id, **QUIET)

        def run(values: Values) -> Updates:
            value, _, time = str(values[clicked]).rpartition("\n")
            if not time or values[clicked] == values[done]:  # gradio may report one change twice
                return {done: gr.skip()}
            return {done: values[clicked]} | act(value, values)

        return clicked.change(run, {clicked, done, self.board.lang, *inputs}, [done, *outputs], **QUIET)

    def go_to(self, button: Any, section: str) -> None:
        """Let a button open a section and scroll to it; no other section is folded."""
        button.click(None, js=f"() => window.lfQwen3.goTo({section!r})", **QUIET)

    def go_to_tab(self, button: Any, prefix: str) -> None:
        """Let a button open a tab of the board by the prefix of its ids: train, eval, infer, export."""
        if label := self.board.find_tab(prefix):
            button.click(None, js=f"() => window.lfQwen3.goToTab({label!r})", **QUIET)

    def follow_datasets(self, element: Any) -> None:
        """Choose in a list the first of the datasets that this session registered last."""
        self.datasets.change(lambda names: next(iter(names), None), [self.datasets], element, **QUIET)

    def name_work(self, work: str, t: Texts) -> str:
        """Return what a work is called in a language: its section, and the button that starts it."""
        start, _ = self.works.get(work, (None, None))
        key = next((key for key, element in self._elements.items() if element is start), "")
        section, _, _ = key.partition(".")
        return f"{t.props(f'{section}.title')['value']}: {t.props(key)['value']}" if key else work

    def id_of(self, name: str) -> str:
        """Return the DOM id of an element of the section: lf-qwen3-SECTION-NAME."""
        return f"{PREFIX}-{self.section}-{name}".replace("_", "-")

    def follow_language(self) -> Any:
        """Bind all elements and views to the page's language, as it is from page load; return the event.

        Where the page has that language already nothing is set: gradio folds a section whose label is set.
        """
        elements, views, lang = self._elements, self._views, self.board.lang
        spoken = gr.State(DEFAULT)

        def relabel(language: str | None, before: str, *values: Any) -> Updates:
            if language == before:
                return {spoken: gr.skip()}
            props = {key: texts(language).props(key) for key in elements}
            labels = {el: type(el)(**_as_given(type(el), props[key])) for key, el in elements.items()}
            shown = zip(views, values, strict=True)
            speaks = {spoken: language or DEFAULT}
            return speaks | labels | {view.element: view.html(value, language) for view, value in shown}

        inputs = [lang, spoken, *(view.state for view in views)]
        outputs = [spoken, *elements.values(), *(view.element for view in views)]
        return lang.change(relabel, inputs, outputs, queue=False, **QUIET)


def read_form(form: Elements, values: Values) -> dict[str, Any]:
    """Return the value of each element of a form, by its name."""
    return {name: values[element] for name, element in form.items()}


def _as_given(kind: Any, props: dict[str, Any]) -> dict[str, Any]:
    """Return texts as an element of this kind takes them: the one text of an accordion is its label."""
    return {"label": props["value"]} if kind is gr.Accordion and "value" in props else props
