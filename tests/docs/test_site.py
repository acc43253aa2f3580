"""The site is made without a warning, and every link in it leads to a page, a file or an anchor."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from lf_qwen3.base import docs_link
from lf_qwen3.proof import explain as explained
from tests.needs import require

require("furo", "myst_parser", "sphinx", "sphinx_click")


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site, made as `make docs` makes it."""
    folder = tmp_path_factory.mktemp("site")
    recipe = (root / "Makefile").read_text("utf-8")
    options = re.search(r"-m sphinx (.*) docs build/site$", recipe, re.MULTILINE)
    assert options is not None
    command = [sys.executable, "-m", "sphinx", *options[1].split(), str(root / "docs"), str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert ran.returncode == 0, ran.stderr
    return folder


@cache
def anchors(page: Path) -> set[str]:
    return set(re.findall(r'\bid="([^"]+)"', page.read_text("utf-8")))


@pytest.mark.slow
def test_every_link_inside_the_site_leads_somewhere(site):
    pages = [*site.rglob("*.html")]
    links = [
        (page, unquote(link))
        for page in pages
        for link in re.findall(r'\b(?:href|src)="([^"]+)"', page.read_text("utf-8"))
        if not re.match(r"[a-z]+:|//", link)
    ]
    assert len(links) > 1000
    assert [f"{page.name}: {link}" for page, link in links if not leads_somewhere(page, link)] == []


def leads_somewhere(page: Path, link: str) -> bool:
    """Tell whether a link from a page names a file that is there, and an anchor in it."""
    name, _, anchor = link.partition("#")
    target = page.parent / name.partition("?")[0] if name else page
    return target.is_file() and (not anchor or target.suffix != ".html" or anchor in anchors(target))


@pytest.mark.slow
def test_every_code_has_the_anchor_that_messages_print(site, monkeypatch):
    monkeypatch.setenv(docs_link.VARIABLE, str(site))
    entries = [*explained.explain_checks(), *explained.explain_rows(), *explained.explain_verdicts()]
    missing = []
    for entry in entries:
        page, _, anchor = entry.link.partition("#")
        missing += [entry.link] if anchor not in anchors(Path(page)) else []
    assert missing == []
