"""Every README.LANGUAGE.md says what README.md says: the same commands, tables, sections and links."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH = ROOT / "README.md"
OTHERS = sorted(ROOT.glob("README.*.md"))
TRANSLATED = sorted((ROOT / "docs").glob("[a-z][a-z]/**/*.md"))
"""Pages of the site in another language: docs/zh/guides/sources.md."""
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")

in_every_language = pytest.mark.parametrize(
    "file", [pytest.param(file, id=file.name.split(".")[1]) for file in OTHERS]
)


def blocks(file: Path) -> list[tuple[str, list[str]]]:
    """Return each fenced block as its language and its lines, without comments and empty lines."""
    fenced = FENCE.findall(file.read_text("utf-8"))
    return [
        (language, [line for line in map(_command, body.splitlines()) if line]) for language, body in fenced
    ]


def _command(line: str) -> str:
    return re.sub(r"(^|\s+)#.*", "", line).rstrip()


def prose(file: Path) -> str:
    """Return the text without its fenced blocks."""
    return FENCE.sub("", file.read_text("utf-8"))


def levels(file: Path) -> list[int]:
    """Return the level of each heading, in order."""
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(file), re.MULTILINE)]


def tables(file: Path) -> list[list[tuple[str, list[str]]]]:
    """Return each table as its rows below the header: the first cell, and the code in the other cells."""
    found = re.findall(r"^\|.*\n\|[-|: ]+\|\n((?:\|.*\n?)+)", prose(file), re.MULTILINE)
    return [[_row(line) for line in rows.splitlines()] for rows in found]


def _row(line: str) -> tuple[str, list[str]]:
    first, _, rest = line.removeprefix("| ").partition(" | ")
    return first, CODE.findall(rest)


def sections(file: Path) -> list[set[str]]:
    """Return what stands between backticks below each heading."""
    return [set(CODE.findall(part)) for part in re.split(r"(?m)^#+ ", prose(file))]


def links(file: Path) -> set[str]:
    """Return where the links and pictures lead, and the file itself, to which only the others link.

    A link to a page in the language of the file counts as one to the page in English.
    """
    language = file.name.removeprefix("README").removesuffix(".md").strip(".")
    targets = LINK.findall(prose(file))
    return {link.replace(f"docs/{language}/", "docs/") if language else link for link in targets} | {
        file.name
    }


def local(file: Path) -> Iterator[str]:
    """Yield the links and pictures that lead to a file of the project."""
    targets = LINK.findall(prose(file))
    return (link.partition("#")[0] for link in targets if not re.match(r"[a-z]+:|#", link))


@pytest.mark.parametrize("file", [ENGLISH, *OTHERS], ids=lambda file: file.name)
def test_it_is_short(file):
    assert len(file.read_text("utf-8").splitlines()) <= 150, "the rest belongs into docs/"


@pytest.mark.parametrize("page", TRANSLATED, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_has_the_tables_and_headings_of_the_english_one(page):
    english = ROOT / "docs" / page.relative_to(ROOT / "docs" / page.relative_to(ROOT / "docs").parts[0])
    assert tables(page) == tables(english)
    assert levels(page) == levels(english)


def test_chinese_and_japanese_are_there():
    assert {"README.zh.md", "README.ja.md"} <= {file.name for file in OTHERS}


def test_the_english_one_has_all_that_is_compared():
    assert blocks(ENGLISH)
    assert all(body for _, body in blocks(ENGLISH))
    assert levels(ENGLISH)
    assert all(tables(ENGLISH))
    assert len(tables(ENGLISH)) == len(re.findall(r"^\|-", prose(ENGLISH), re.MULTILINE))


@in_every_language
def test_the_blocks_hold_the_same_commands(file):
    assert blocks(file) == blocks(ENGLISH)


@in_every_language
def test_the_headings_have_the_same_levels(file):
    assert levels(file) == levels(ENGLISH)


@in_every_language
def test_the_tables_have_the_same_rows(file):
    assert tables(file) == tables(ENGLISH)


@in_every_language
def test_each_section_names_the_same_commands_options_and_files(file):
    assert sections(file) == sections(ENGLISH)


@in_every_language
def test_the_links_lead_to_the_same_places(file):
    assert links(file) == links(ENGLISH)


@in_every_language
def test_every_local_link_and_picture_exists(file):
    assert [link for link in local(file) if not (ROOT / link).is_file()] == []
