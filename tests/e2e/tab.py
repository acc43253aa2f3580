"""The Qwen3 tab in a browser, driven by the names of its elements."""

import time
from collections.abc import Callable
from typing import Any

import pytest

FILLED = "[...document.querySelectorAll('input, textarea')].some(field => field.value.startsWith('train_2'))"
"""The board has filled its page: the output folder of a training begins with train_ and the year."""
PAGE_SECONDS = 180
WORK_SECONDS = 300


class Tab:
    """The Qwen3 tab in one browser window, driven by the names of its elements: data.paths, proof.check."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def at(self, name: str, inside: str = "") -> Any:
        """Return an element, or what lies inside it."""
        return self.page.locator(f"#lf-qwen3-{name.replace('.', '-').replace('_', '-')} {inside}".rstrip())

    def field(self, name: str) -> Any:
        """Return what is typed into of a field."""
        return self.at(name, ":is(input, textarea)").first

    def wait_for_value(self, name: str, value: str) -> None:
        """Wait until a field holds a value."""
        from playwright.sync_api import expect

        expect(self.field(name)).to_have_value(value)

    def fill(self, name: str, text: str) -> None:
        """Type into a field."""
        self.field(name).fill(text)

    def choose(self, name: str, *texts: str) -> None:
        """Choose or type values in a dropdown."""
        field = self.at(name, "input")
        for text in texts:
            field.click()
            field.fill(text)
            field.press("Enter")
        field.press("Escape")

    def click(self, name: str) -> None:
        """Click a button."""
        self.page.locator(f"button#lf-qwen3-{name.replace('.', '-')}").click()

    def open(self) -> None:
        """Go to the tab, and to its section Data."""
        self.page.get_by_role("tab", name="Qwen3").click()
        self.unfold("data")

    def reload(self) -> None:
        """Load the page anew and go to the tab there."""
        self.page.reload(wait_until="commit")
        self.wait_for_page()

    def wait_for_page(self) -> None:
        """Go to the tab when the board has filled in a page that is being loaded."""
        self.page.wait_for_function(FILLED)  # it sets its language then, and would set it again
        self.open()

    def unfold(self, section: str) -> None:
        """Open a section if it is folded."""
        if not self.at(f"{section}.help").is_visible():
            self.at(f"{section}.title", "> button").click()
            self.at(f"{section}.help").wait_for()

    def text(self, name: str, inside: str) -> str:
        """Return the text of what appears inside an element, or of the error there, waiting for it."""
        found = self.at(name, f":is({inside}, [role=alert])").first
        found.wait_for(timeout=1000 * WORK_SECONDS)
        told: str = found.inner_text()
        return told

    def choose_language(self, language: str) -> None:
        """Switch the board's language."""
        from playwright.sync_api import TimeoutError as NotThereError

        listed = self.page.get_by_role("option", name=language, exact=True)
        for _ in range(PAGE_SECONDS):  # a page that is still being filled in may shut the list again
            self.page.get_by_role("listbox").first.click()
            try:
                listed.click(timeout=1000)
            except NotThereError:
                self.page.get_by_role("listbox").first.blur()
            else:
                return
        pytest.fail(f"the board does not offer {language}")

    def choose_sources(self, *paths: str) -> None:
        """Choose files in section Data, in place of those that are chosen there."""
        self.unfold("data")
        for clear in (self.at("data.upload", "[aria-label=Clear]"), self.at("data.paths", ".remove-all")):
            if clear.count():
                clear.first.click()
        self.choose("data.paths", *paths)
        for path in paths:
            self.at("data.source", "table").get_by_text(path.rpartition("/")[2]).first.wait_for()

    def convert(self, name: str, *paths: str) -> str:
        """Walk section Data: choose sources, name the dataset, convert; return the report's text."""
        self.choose_sources(*paths)
        self.fill("data.name", name)
        self.mark("data.report")
        self.click("data.convert")
        self.text("data.report", ".lfq-figures:not([data-before])")
        return self.text("data.report", ".lfq-view")

    def mark(self, view: str) -> None:
        """Mark what stands in a view with [data-before], so that a test can wait for what replaces it."""
        parts = "all => all.forEach(part => part.dataset.before = 'yes')"
        self.at(view, "*").evaluate_all(parts)

    def until(self, check: Callable[[], Any]) -> Any:
        """Return the first true value of a check, tried again and again for a while."""
        end = time.monotonic() + WORK_SECONDS
        while time.monotonic() < end:
            if value := check():
                return value
            self.page.wait_for_timeout(100)
        pytest.fail(f"it never came to this: {check()}")

    def require_fit(self) -> None:
        """Wait until the page is no wider than its window, narrow or wide."""
        root = "document.documentElement"
        for width in (1400, 900):
            self.page.set_viewport_size({"width": width, "height": 1000})
            self.page.wait_for_function(f"{root}.scrollWidth <= {root}.clientWidth")
