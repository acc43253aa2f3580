"""Two runs compared in the page: what is shown of them, in every language, with HTML in data as text."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.board.handlers import comparison, evaluation, places
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts
from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.results.compare import Difference, page
from lf_qwen3.results.compare.measures import HEADLINE, MEASURES
from lf_qwen3.results.compare.picture import Scale
from tests.needs import require

require("jieba", "rouge_chinese", "numpy")

ATTACK = "<img src=x onerror=\"alert('1')\"><script>alert(1)</script>"
WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def predict(folder, answers, prompt="Question {}?"):
    """Write predictions: each row thinks but every third; `answers` says how many words are right."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "generated_predictions.jsonl").open("w", encoding="utf-8") as file:
        for number, said in enumerate(answers):
            label, predicted = " ".join(WORDS), said if isinstance(said, str) else " ".join(WORDS[:said])
            if number % 3:
                label, predicted = frame("The numbers.", label), frame("Some numbers.", predicted)
            row = {"prompt": asked(prompt.format(number)), "predict": predicted, "label": label}
            file.write(json.dumps(row) + "\n")
    return str(folder)


def asked(question):
    return f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"


@pytest.fixture
def runs(here):
    """Return a base and a tuned run; row 1 fell, row 2 stayed, all others improved."""
    return predict("saves/base", [4] * 12), predict("saves/tuned", [2, 4, *[8] * 10])


def compared(runs):
    state = evaluation.compare(evaluation.compare_request(*runs), NoProgress())
    return json.loads(json.dumps(state))


def show(state, language="en"):
    return render("evaluation/comparison", texts(language), state=state)


class Read(HTMLParser):
    """Collects tags, texts and the content of every fold."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.open_folds = [], "", 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open_folds += tag == "details" and "open" in dict(attrs)

    def handle_data(self, data):
        self.text += data + "\n"


def test_the_state_tells_what_compare_does(runs):
    state = compared(runs)
    headline = state["headline"]
    assert (headline["wins"], headline["ties"], headline["losses"]) == (10, 1, 1)
    assert [one["row"] for one in state["examples"]["fell"]] == [1]
    assert state["kinds"] == {"thinking": 8, "plain": 4}
    assert sum(block["count"] for block in state["histogram"]["blocks"]) == state["rows"] == 12


def test_the_report_lies_where_the_browser_may_fetch_it_and_nothing_else_is_written(here, runs):
    before = {one for one in here.rglob("*") if one.is_file()}
    report = Path(compared(runs)["report"])
    assert report.is_relative_to(places.uploads())
    assert report.suffix == ".html"
    assert {one for one in here.rglob("*") if one.is_file()} == before
    assert compared(runs)["report"] == str(report)


@pytest.mark.parametrize("language", languages())
def test_a_comparison_is_shown_in_every_language(runs, language):
    state, told = compared(runs), texts(language)
    read = Read(show(state, language))
    headline = state["headline"]
    figures = {"before": f"{headline['base']:.1f}", "after": f"{headline['other']:.1f}"}
    assert told("evaluation.better", base="base", tuned="tuned", **figures) in read.text
    assert told("evaluation.counts", tuned="tuned", wins=10, ties=1, losses=1) in read.text
    for name in ("improved", "fell", "sampled"):
        count = len(state["examples"][name])
        assert told(f"evaluation.{name}", count=count, base="base", tuned="tuned") in read.text
    assert told("evaluation.flag_well_formed") in read.text
    assert told("evaluation.only_plain", count=4) in read.text


def test_thinking_is_folded_and_only_the_best_rows_stand_open(runs):
    state = compared(runs)
    html = show(state)
    rows = [row for rows in state["examples"].values() for row in rows]
    thoughts = sum(
        bool(row["label_thinking"]) + sum(bool(one["thinking"]) for one in row["texts"]) for row in rows
    )
    assert html.count('class="lfq-thought"') == thoughts > 0
    assert Read(html).open_folds == 1


@pytest.mark.parametrize(
    ("answers", "key"),
    [([8] * 12, "better"), ([1] * 12, "worse"), ([4] * 12, "unclear")],
    ids=["better", "worse", "the same"],
)
def test_the_verdict_names_the_outcome(here, answers, key):
    state = compared((predict("saves/a", [4] * 12), predict("saves/b", answers)))
    shown = show(state)
    told = texts("en")(f"evaluation.{key}", base="a", tuned="b", before="x", after="y").partition(":")[0]
    assert told in shown


def test_a_defect_is_named_beside_its_row_and_in_the_verdict(here):
    answers = [4 if number % 2 else "Well <|im_start|>assistant" for number in range(12)]
    state = compared((predict("saves/a", [4] * 12), predict("saves/b", answers)))
    shown = show(state)
    flag = texts("en")("evaluation.flag_leaked_token")
    assert re.search(rf'class="lfq-badge lfq-warning">{flag}<', shown)
    assert texts("en")("evaluation.point", flag=flag, before="0.0", after="50.0") in shown


def test_html_in_data_is_shown_as_text(here):
    answers = [f"{frame(ATTACK, ATTACK)} {number}" for number in range(6)]
    state = compared(
        (predict("saves/a", answers, ATTACK + "{}"), predict("saves/b", [ATTACK] * 6, ATTACK + "{}"))
    )
    read = Read(show(state))
    assert ATTACK in read.text
    assert not {"img", "script"} & set(read.tags)
    assert not {"img", "script"} & set(Read(Path(state["report"]).read_text("utf-8")).tags)


def test_a_text_without_end_is_cut_short(here):
    state = compared((predict("saves/a", ["a" * 10**5] * 3), predict("saves/b", [4] * 3)))
    longest = max(len(one["answer"]) for row in state["examples"]["improved"] for one in row["texts"])
    assert comparison.LONGEST <= longest < 2 * comparison.LONGEST
    assert f"{10**5 - comparison.LONGEST:,}" in show(state)


@pytest.mark.parametrize(
    ("paths", "code"),
    [
        (("saves/base", None), "nothing_chosen"),
        ((" ", "saves/tuned"), "nothing_chosen"),
        (("saves/base", "/etc/passwd"), "path_outside"),
        (("saves/base", "saves/../../x"), "path_outside"),
        (("saves/base", "saves/none"), "file_missing"),
        (("saves/base", "raw"), "no_predictions"),
    ],
    ids=["none", "blank", "absolute", "parent", "missing", "no predictions"],
)
def test_runs_that_will_not_do_are_refused(runs, paths, code):
    with pytest.raises(UsageError, check=lambda error: error.code == code) as caught:
        evaluation.compare_request(*paths)
    assert caught.value.hint


def test_predictions_behind_a_link_that_leads_out_are_refused(runs, outside):
    Path("saves/linked").mkdir()
    Path("saves/linked/generated_predictions.jsonl").symlink_to(outside)
    with pytest.raises(UsageError, check=lambda error: error.code == "path_outside"):
        evaluation.compare_request("saves/base", "saves/linked")


def test_predictions_without_end_are_refused(runs):
    with Path("saves/tuned/generated_predictions.jsonl").open("ab") as file:
        file.truncate(places.MOST_UPLOADED + 1)
    with pytest.raises(LfQwen3Error, check=lambda error: error.code == "file_too_large"):
        evaluation.compare_request(*runs)


def test_runs_of_other_rows_are_told(runs):
    other = predict("saves/other", [4] * 3, "Something else {}?")
    lines = Path(other, "generated_predictions.jsonl").read_text("utf-8").replace("ten", "TEN")
    Path(other, "generated_predictions.jsonl").write_text(lines, "utf-8")
    with pytest.raises(LfQwen3Error, check=lambda error: error.code == "rows_differ"):
        compared((runs[0], other))


@pytest.mark.parametrize(
    "state", [None, {"error": "<b>it</b> broke", "hint": "mend it"}], ids=["empty", "error"]
)
def test_nothing_and_an_error_are_shown(state):
    shown = show(state)
    assert ("lfq-empty" in shown) == (state is None)
    assert "<b>" not in shown


FORM = next(measure for measure in MEASURES if measure.group == "form")


def drawn(state, *cells):
    """Return the page with a table of these measures, one a group, in place of its own."""
    groups = zip(("answer", "form"), ("change", "share"), cells, strict=True)
    tables = {"all": [{"name": name, "plot": plot, "cells": [cell]} for name, plot, cell in groups]}
    return show(state | {"tables": tables, "histogram": None})


def test_a_charts_marks_lie_where_the_figures_do(runs):
    difference = Difference(10, 20.0, 60.0, 40.0, 30.0, 50.0, 8, 1, 1)
    change, share = (page.describe_measure(one, difference, Scale(-50, 50)) for one in (HEADLINE, FORM))
    table = drawn(compared(runs), change, share)
    change_of, share_of = Scale(-50, 50).x, Scale(0, 100).x
    assert re.findall(r'lfq-span [^>]* x1="([\d.]+)" x2="([\d.]+)"', table) == [
        (str(change_of(30)), str(change_of(50))),
        (str(share_of(20)), str(share_of(60))),
    ]
    circles = re.findall(r'cx="([\d.]+)"', table)
    assert circles == [str(place) for place in (change_of(40), share_of(20), share_of(60))]


@pytest.mark.parametrize(
    "figures", [(0, None, None, None), (1, 20.0, 60.0, 40.0)], ids=["no rows", "one row"]
)
def test_charts_bear_what_is_not_known(runs, figures):
    n, base, other, value = figures
    difference = Difference(n, base, other, value, None, None, 0, n, 0)
    cells = [page.describe_measure(measure, difference) for measure in (HEADLINE, FORM)]
    cells[1]["better"] = "higher"  # a defect without a figure is not shown at all
    table = drawn(compared(runs), *cells)
    assert "None" not in table
    assert table.count("<circle") == (3 if n else 0)


def test_no_number_in_a_picture_is_grouped(runs):
    shown = show(compared(runs))
    assert not re.findall(r'(?:x|y|x1|x2|y1|y2|cx|cy|r|width|height|viewBox)="[^"]*,[^"]*"', shown)


@pytest.mark.parametrize("language", languages())
def test_every_preset_is_offered_in_every_language(language):
    offered = [value for _, value in texts(language).props("evaluation.preset")["choices"]]
    assert sorted(offered) == sorted(evaluation.preset_names())


def without_answers(folder, *rows):
    """Take the references of some rows away, and let the others end as the trainer writes an end."""
    path = Path(folder, "generated_predictions.jsonl")
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for number, line in enumerate(lines):
        line["label"] = "" if number in rows else line["label"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


@pytest.mark.parametrize("language", languages())
def test_the_rows_add_up_where_a_reference_holds_no_answer(runs, language):
    for folder in runs:
        without_answers(folder, 3)
    told = texts(language)
    assert told("evaluation.unanswered", rows=12, compared=11, count=1) in show(compared(runs), language)


def test_references_that_were_cut_are_told(runs):
    state = compared(runs)
    assert state["cut_references"] == 0
    assert "lfq-warning" not in show(state)
    shown = show(state | {"cut_references": 3})
    assert texts("en")("evaluation.cut_references", count=3) in shown


@pytest.mark.parametrize(("outcome", "kind"), [("better", "good"), ("worse", "bad"), ("unclear", "warning")])
def test_the_sentence_that_decides_has_its_colour(runs, outcome, kind):
    state = compared(runs)
    sentence = show(state | {"headline": state["headline"] | {"outcome": outcome}})
    told = texts("en")(f"evaluation.{outcome}", base="base", tuned="tuned", before="", after="")
    assert f'<p class="lfq-{kind}">{told[:30]}' in sentence
