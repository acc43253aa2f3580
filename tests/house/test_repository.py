"""The files for contributors and for other tools say what the project says."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from lf_qwen3 import __version__
from lf_qwen3.cli import cli


def read(file: Path):
    return yaml.safe_load(file.read_text("utf-8"))


def test_a_hook_runs_a_command_with_options_that_exist(root):
    hooks = read(root / ".pre-commit-hooks.yaml")
    assert len(hooks) >= 2
    for hook in hooks:
        words: list[str] = [*shlex.split(hook["entry"]), *hook.get("args", ())]
        program = words.pop(0)
        assert program == "lf-qwen3"
        command: click.Command | None = cli
        while isinstance(command, click.Group):
            command = command.get_command(click.Context(command), words.pop(0))
        assert command is not None
        names = [] if hook.get("pass_filenames") is False else ["a.yaml"]
        assert command.make_context(command.name, [*words, *names])


def test_the_citation_and_the_hook_name_this_version(root):
    assert read(root / "CITATION.cff")["version"] == __version__
    assert f"rev: v{__version__}\n" in (root / ".pre-commit-hooks.yaml").read_text("utf-8")


def test_one_workflow_runs_the_whole_check_and_one_builds(root):
    runs = {
        step["run"]
        for file in (root / ".github" / "workflows").glob("*.yml")
        for job in read(file)["jobs"].values()
        for step in job["steps"]
        if "run" in step
    }
    assert "bash .ci/run" in runs
    assert "python -m build" in runs
    site = re.search(r"-m (sphinx .*) docs build/site$", (root / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert site is not None
    assert any(site[1].replace(" --quiet", "") in run for run in runs)


@pytest.mark.parametrize("form", ["bug", "source"])
def test_an_issue_form_asks_for_what_is_needed(root, form):
    asked = read(root / ".github" / "ISSUE_TEMPLATE" / f"{form}.yml")
    fields = [field for field in asked["body"] if field["type"] != "markdown"]
    assert [field["id"] for field in fields if field.get("validations", {}).get("required")]
    assert len({field["id"] for field in fields}) == len(fields)


def test_changelog_fragments_have_the_categories_of_the_changelog(root):
    categories = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["scriv"]["categories"]
    used = set(re.findall(r"(?m)^### (\w+)$", (root / "CHANGELOG.md").read_text("utf-8")))
    fragments = [file for file in (root / "changelog.d").glob("*.md") if file.name != "README.md"]
    used |= {name for file in fragments for name in re.findall(r"(?m)^### (\w+)$", file.read_text("utf-8"))}
    assert used <= set(categories)
