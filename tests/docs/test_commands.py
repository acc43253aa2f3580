"""The commands on the pages exist and run, and what the pages show is what comes of them."""

import re

import click
import pytest

from lf_qwen3.cli import cli
from tests.docs.page import DOCS, PAGES, ShownCommand, ShownFile, items
from tests.docs.run import NO_CACHES, RUN, TRANSLATED, is_run, run_page, with_blocks_of

OTHERS = {
    "cd",
    "cp",
    "docker",
    "git",
    "llamafactory-cli",
    "make",
    "vllm",
    "ollama",
    "pip",
    "python",
    "swanlab",
}


def name_of(page):
    return page.relative_to(DOCS).as_posix()


def resolve(words: list[str]) -> click.Context:
    """Return the context of a command as click reads it; raises what click says of a wrong option."""
    command: click.Command | None = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        _, command, words = command.resolve_command(context, words)
        context = click.Context(command, parent=context)
    assert command is not None
    return command.make_context(command.name, list(words))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_command_exists_with_its_options(page, root):
    targets = set(re.findall(r"^([a-z-]+):.*## ", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    for shown in items(page):
        if isinstance(shown, ShownCommand):
            words = [word for word in shown.words if not re.fullmatch(r"[A-Z_0-9]+=\S*", word)]
            assert words[0] in OTHERS | {"lf-qwen3"}, shown.line
            assert words[0] != "make" or words[1] in targets
            assert words[0] != "lf-qwen3" or resolve(words[1:])


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_the_commands_run_and_bring_what_the_page_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in NO_CACHES.items():
        monkeypatch.setenv(name, value)
    for shown, outcome in run_page(page, tmp_path):
        if isinstance(shown, ShownFile):
            assert outcome == "", f"{shown.name} is another"
        elif shown.output:
            assert " ".join(outcome.split()) == " ".join(shown.output.split()), (
                "run: python -m tests.docs.run"
            )


@pytest.mark.parametrize("page", TRANSLATED, ids=name_of)
def test_a_translated_page_has_the_blocks_of_the_english_one(page):
    english = TRANSLATED[page]
    assert [*items(page)] == [*items(english)]
    assert with_blocks_of(english, page) == page.read_text("utf-8"), "run: python -m tests.docs.run"


def test_the_tour_has_every_kind_of_block():
    shown = list(items(DOCS / "tour.md"))
    assert any(isinstance(item, ShownFile) for item in shown)
    assert any(isinstance(item, ShownCommand) and item.output for item in shown)
    assert any(isinstance(item, ShownCommand) and not is_run(item) for item in shown)
