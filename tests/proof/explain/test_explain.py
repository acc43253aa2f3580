"""`explain`: every code that a command reports has its entry, on a page and in the terminal."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lf_qwen3.base import reasons
from lf_qwen3.base.errors import UsageError
from lf_qwen3.cli import cli
from lf_qwen3.proof import explain as explained
from lf_qwen3.proof.check.rules.registered import all_checks
from lf_qwen3.proof.explain.__main__ import document
from lf_qwen3.results.diagnose.verdict_rules import all_verdicts

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("page", ["checks", "rows", "verdicts"])
def test_a_page_is_the_code_s(page):
    text = (DOCS / f"{page}.md").read_text("utf-8")
    assert text == document(page), f"run: python -m lf_qwen3.proof.explain {page} > docs/{page}.md"


def test_every_code_has_an_entry():
    codes = {check.code for check in all_checks()} | {verdict.code for verdict in all_verdicts()}
    entries = [*explained.explain_checks(), *explained.explain_rows(), *explained.explain_verdicts()]
    assert {entry.code for entry in entries} == codes | reasons.REJECTED.keys() | reasons.REPAIRED.keys()


def test_a_check_shows_both_examples_and_what_is_reported():
    check, rejected = explained.explain("think_unclosed")
    assert (check.page, check.kind, rejected.page, rejected.kind) == ("checks", "error", "rows", "rejected")
    assert check.bad.splitlines()[1].startswith("assistant: ")
    assert len(check.good) > len(check.bad)
    assert "message 2" in check.reported


def test_a_training_yaml_is_shown_as_yaml_with_its_data():
    (entry,) = explained.explain("warmup_beyond_run")
    assert "warmup_steps: 500" in entry.bad.splitlines()
    assert any(line.startswith("# steps: ") for line in entry.bad.splitlines())


def test_an_example_on_the_page_is_readable():
    assert [
        entry.code for entry in explained.explain_checks() if "object at 0x" in entry.bad + entry.good
    ] == []


def test_the_command_prints_every_entry():
    ran = CliRunner().invoke(cli, ["explain", "special_token", "--json"])
    assert [entry["page"] for entry in json.loads(ran.output)["entries"]] == ["checks", "rows"]
    assert "special_token (rejected)" in CliRunner().invoke(cli, ["explain", "special_token"]).output


def test_an_unknown_code_is_answered_with_the_nearest():
    with pytest.raises(UsageError) as error:
        explained.explain("think_unclosd")
    assert error.value.code == "unknown_code"
    assert "think_unclosed" in error.value.hint


@pytest.mark.parametrize("site", ["", "https://docs.example/lf", "https://docs.example/lf/"])
def test_a_link_is_printed_where_the_site_is_configured(site, monkeypatch):
    monkeypatch.setenv("LF_QWEN3_DOCS", site)
    output = CliRunner().invoke(cli, ["explain", "nul"]).output
    assert ("https://docs.example/lf/checks.html#nul" in output) == bool(site)
    assert ("docs:" in output) == bool(site)


def test_convert_and_check_print_the_links_of_their_codes(tmp_path, monkeypatch):
    monkeypatch.setenv("LF_QWEN3_DOCS", "https://docs.example")
    rows = [{"question": "q", "answer": "<think>r</think>a"}, {"question": "p", "answer": "<think>r"}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    where = ["--dataset-dir", str(tmp_path / "data")]
    converted = CliRunner().invoke(cli, ["convert", str(tmp_path / "rows.jsonl"), "--name", "rows", *where])
    assert "docs: https://docs.example/rows.html#think-unclosed" in converted.output
    assert "docs: https://docs.example/rows.html#think-whitespace" in converted.output
    checked = CliRunner().invoke(cli, ["check", "rows", *where])
    assert "docs: https://docs.example/checks.html#short-answer" in checked.output
