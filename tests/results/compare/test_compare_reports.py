import json
import re
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner

from lf_qwen3.base.errors import UsageError
from lf_qwen3.cli.compare import command
from lf_qwen3.results.compare import compare, markdown, page, save_reports
from tests.needs import require
from tests.results.compare import made

require("jieba", "nltk", "rouge_chinese", "numpy")

EVIL = "</div></style><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} {% raw %} ```\n# x"
VOID = {"meta", "line", "circle", "rect", "img", "br"}


class Tags(HTMLParser):
    """Collects the tags of a page and the attributes they have; fails where they do not nest."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], set(), [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def tags_of(html):
    tags = Tags()
    tags.feed(html)
    assert not tags.open
    return tags


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    rows = [made.row(n, made.answered(n, 4), made.label(n)) for n in range(12)]
    rows.append(made.row(99, EVIL, EVIL + "参考", made.QUESTION.format(EVIL)))
    other = [made.row(n, made.answered(n, 9), made.label(n)) for n in range(12)]
    other.append(made.row(99, "<think>\n" + EVIL, EVIL + "参考", made.QUESTION.format(EVIL)))
    return made.write(folder / "predict_base", rows), made.write(folder / "<b>tuned</b>", other)


@pytest.fixture(scope="module")
def found(runs):
    return compare(*runs)


def test_the_page_is_well_formed_and_holds_no_script_whatever_the_data(found):
    tags = tags_of(page.render_page(found))
    assert not tags.tags & {"script", "img", "b>tuned<", "iframe", "link", "object"}
    assert not [name for name, _ in tags.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in tags.text
    assert "{{ 7 * 7 }}" in tags.text
    assert "<b>tuned</b>" in tags.text


def test_the_page_asks_for_nothing_from_any_network(found):
    html = page.render_page(found)
    assert not [value for name, value in tags_of(html).attributes if name in ("src", "href")]
    style = html[html.index("<style>") : html.index("</style>")]
    assert not re.search(r"url\(|@import|http", style)
    assert "&" not in style, "style sheets are not escaped"
    assert "prefers-color-scheme: dark" in style


def test_the_page_shows_runs_figures_and_rows(found):
    text = " ".join(tags_of(page.render_page(found)).text.split())
    for title in ("How close to the reference", "Form and defects", "Rows that improved most"):
        assert title in text
    assert "thinking rows alone" in text
    one = found.pairs[0].differences["all"]["answer/rouge-l"]
    assert f"ROUGE-L {one.base:.1f} to {one.other:.1f}" in text


def test_the_same_comparison_gives_the_same_page(found):
    assert page.render_page(found) == page.render_page(found)


def test_a_long_text_is_cut_and_the_rest_counted(tmp_path):
    rows = [made.row(n, "长" * 9000, "短") for n in range(2)]
    other = [made.row(n, "短", "短") for n in range(2)]
    html = page.render_page(compare(made.write(tmp_path / "a", rows), made.write(tmp_path / "b", other)))
    assert html.count("长") <= 2 * page.MOST_CHARACTERS
    assert "[3,000 more characters]" in html


def test_markdown_cannot_be_broken_out_of(found):
    text = markdown.render_markdown(found)
    fence = None
    for line in text.splitlines():
        mark = re.match(r"(`{3,})(text)?$", line)
        if mark and fence is None and mark[2]:
            fence = mark[1]
        elif fence is not None and line == fence:
            fence = None
        elif fence is None:
            assert "<script>" not in line
            assert "<b>" not in line.replace("\\<b\\>", "")
    assert fence is None


def test_markdown_has_a_row_for_each_measure(found):
    table = [
        line for line in markdown.render_markdown(found).splitlines() if line.startswith("| answer: ROUGE-L")
    ]
    assert len(table) == 3, "all rows, thinking rows, plain rows"


def test_the_json_report_is_strict_json(found, tmp_path):
    save_reports(found, [tmp_path / "out" / "scores.json"])
    text = (tmp_path / "out" / "scores.json").read_text("utf-8")
    assert "NaN" not in text
    assert json.loads(text)["rows"] == found.rows


def test_a_report_is_not_written_over_a_folder(found, tmp_path):
    with pytest.raises(UsageError) as caught:
        save_reports(found, [tmp_path / "first.html", tmp_path])
    assert caught.value.code == "not_a_file"
    assert not (tmp_path / "first.html").exists()


def called(*words):
    return CliRunner().invoke(command, [str(word) for word in words], standalone_mode=False)


def test_the_command_prints_a_table_and_writes_reports(tmp_path):
    base, tuned = made.pair(tmp_path)
    result = called(base, tuned, "--html", tmp_path / "r.html", "--markdown", tmp_path / "r.md")
    assert result.return_value == 0
    head = result.stdout.splitlines()[0].split()
    assert head[:2] == ["base", "tuned"]
    assert "tuned answers closer to the reference than base" in result.stdout
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert (tmp_path / "r.md").read_text("utf-8").startswith("# base and tuned")


def test_the_command_exits_with_1_when_a_run_is_clearly_worse(tmp_path):
    base, tuned = made.pair(tmp_path, base=11, tuned=3)
    result = called(base, tuned, "--json")
    assert result.return_value == 1
    assert json.loads(result.stdout)["is_worse"] is True
