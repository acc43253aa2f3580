"""What the documents say exists, and what exists is documented."""

import re
from pathlib import Path

import pytest

from lf_qwen3 import __version__

DOCUMENTS = ("README.md", "CONTRIBUTING.md")


def targets(root: Path) -> set[str]:
    """Return the targets that `make help` shows."""
    return set(re.findall(r"^([a-z-]+):.*## ", (root / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_every_command_is_in_the_readme(root: Path, commands: list[tuple[str, ...]]) -> None:
    text = (root / "README.md").read_text("utf-8")
    missing = [" ".join(words) for words in commands if not _names(text, words)]
    assert not missing


def _names(text: str, words: tuple[str, ...]) -> bool:
    """Tell whether a command stands in the text: as `lf-qwen3 a b`, or as `a b` between backticks."""
    command = r"\s+".join(map(re.escape, words))
    return re.search(rf"(?:lf-qwen3\s+|`){command}\b", text) is not None


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_named_exists(root: Path, document: str) -> None:
    text = (root / document).read_text("utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))
    assert named, "the document names the commands to type"
    assert named <= targets(root)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_local_link_leads_somewhere(root: Path, document: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (root / document).read_text("utf-8"))
    assert not [link for link in links if not (root / link).exists()]


def test_every_path_that_contributing_names_exists(root: Path) -> None:
    """A part in capitals stands for any name; `*` is a pattern; `data/` alone is a room; `build/` is made."""
    text = (root / "CONTRIBUTING.md").read_text("utf-8")
    named = {path for path in re.findall(r"`([a-z_0-9]+/[\w./*-]*)`", text) if not path.startswith("build/")}
    patterns = {path: re.sub(r"[A-Z]{3,}", "*", path).rstrip("/") for path in named}
    assert len(patterns) > 20
    folders = (root, root / "lf_qwen3")
    assert not [path for path, glob in patterns.items() if not any(list(one.glob(glob)) for one in folders)]


def test_contributing_shows_every_room(root: Path) -> None:
    table = re.findall(r"^\| `(\w+)/` \|", (root / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE)
    imports = (root / "tests" / "house" / "test_imports.py").read_text("utf-8")
    rooms = re.search(r"^ROOMS = \((.*)\)$", imports, re.MULTILINE)
    assert rooms is not None
    assert table == re.findall(r"\w+", rooms[1])


def test_the_changelog_has_a_section_for_this_version(root: Path) -> None:
    sections = re.findall(r"^## \[([^]]+)\]", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert {"Unreleased", __version__} & set(sections)
