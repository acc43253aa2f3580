"""What the documents say exists, and what exists is documented."""

import re
from pathlib import Path

import pytest

from lf_qwen3 import __version__

DOCUMENTS = ("README.md", "CONTRIBUTING.md")


def targets(root: Path) -> set[str]:
    """Return the targets that `make help` shows."""
    return set(re.findall(r"^([a-z]+):.*## ", (root / "Makefile").read_text("utf-8"), re.MULTILINE))


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
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
    assert named, "the document names the commands to type"
    assert named <= targets(root)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_local_link_leads_somewhere(root: Path, document: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (root / document).read_text("utf-8"))
    assert not [link for link in links if not (root / link).exists()]


def test_the_changelog_has_a_section_for_this_version(root: Path) -> None:
    sections = re.findall(r"^## \[([^]]+)\]", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert {"Unreleased", __version__} & set(sections)
