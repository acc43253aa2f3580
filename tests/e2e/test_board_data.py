"""Sections Data and Proof as a user walks through them, in the real board."""

import json
from pathlib import Path

import pytest

from lf_qwen3.board import sections
from tests.data.generate.distilled import obey
from tests.data.generate.scripted_server import ScriptedServer
from tests.e2e.axe import COLORS, LEVELS, find_violations

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow]

MEDICAL, CHAT = "raw/sample_medical_r1.jsonl", "raw/sample_finetome.parquet"
ROOT = Path(__file__).parents[2]


OUT_OF_REACH = """all => all.filter(part => part.checkVisibility() && !part.disabled).filter(part => {
  part.focus();
  return document.activeElement !== part || part.tabIndex || getComputedStyle(part).outlineStyle !== "solid";
}).map(part => part.outerHTML.slice(0, 200))"""
"""What the Tab key does not reach in the order of the page, or reaches without that it can be seen."""


def strings(language):
    return json.loads((ROOT / "web" / "strings" / f"{language}.json").read_text("utf-8"))


def test_the_tab_stands_behind_the_boards_own(shared_tab):
    names = shared_tab.page.get_by_role("tab").all_inner_texts()
    assert names[0] == "Train"
    assert names.count("Qwen3") == 1
    assert names[-1] == "Qwen3"


def test_a_section_is_made_when_it_is_opened_and_the_page_goes_to_it(shared_tab):
    head = shared_tab.at("proof.title", "> button")
    assert shared_tab.at("proof.help").count() == 0
    shared_tab.click("data.next")
    shared_tab.at("proof.help").wait_for()
    shared_tab.until(lambda: 0 <= head.bounding_box()["y"] < 100)


@pytest.fixture(scope="module")
def converted(shared_tab, board, tmp_path_factory):
    """Return the shared tab after an uploaded file was converted there, and the report's text."""
    source = tmp_path_factory.mktemp("upload") / "sent.jsonl"
    source.write_bytes((board.folder / MEDICAL).read_bytes())
    tab = shared_tab
    tab.page.locator("#lf-qwen3-data-upload input[type=file]").set_input_files(source)
    tab.wait_for_value("data.name", "sent")
    tab.click("data.convert")
    return tab, tab.text("data.report", ".lfq-good")


def test_an_upload_is_converted(converted, board):
    assert "sent_train" in converted[1]
    assert (board.folder / "data" / "sent_train.jsonl").is_file()


def test_the_new_dataset_is_in_train_and_evaluate_at_once(converted):
    page = converted[0].page
    for name, dataset in (("Train", "sent_train"), ("Evaluate & Predict", "sent_test")):
        page.get_by_role("tab", name=name).click()
        page.locator("span", has_text=dataset).locator("visible=true").first.wait_for()
    page.get_by_role("tab", name="Qwen3").click()


def test_a_model_answers_the_new_dataset(converted, board):
    tab, _ = converted
    tab.unfold("distil")
    with ScriptedServer(obey) as server:
        tab.choose("distil.rows", "data/sent_train.jsonl")
        tab.choose("distil.server", server.url)
        tab.fill("distil.model", "m")
        tab.fill("distil.name", "sent")
        tab.fill("distil.most_requests", "3")
        tab.click("distil.ask")
        assert "distilled/sent" in tab.text("distil.report", ".lfq-good")
    rows = (board.folder / "distilled/sent/rows.jsonl").read_text("utf-8").splitlines()
    assert (len(rows), len(server.bodies)) == (3, 3)


def test_two_sessions_do_not_see_each_other(converted, open_tab):
    other = open_tab()
    other.unfold("proof")
    assert other.at("proof.dataset", "input").input_value() == ""
    assert strings("en")["data"]["no_report"] in other.text("data.report", ".lfq-empty")
    assert other.field("data.name").input_value() == ""
    other.unfold("evaluation")
    assert strings("en")["evaluation"]["no_comparison"] in other.text("evaluation.comparison", ".lfq-empty")


def test_a_bar_leads_to_its_records_and_a_record_to_its_source_and_its_mask(converted):
    tab, _ = converted
    tab.unfold("proof")
    tab.choose("proof.settings", strings("en")["proof"]["settings"]["choices"]["recipe"])
    bar = tab.at("data.report", ".lfq-bar").first
    count = bar.locator(".lfq-bar-count").inner_text()
    bar.locator("button").press("Enter")
    assert tab.text("records.table", "p[role=status]").startswith(f"{count} of ")
    assert tab.at("records.table", "tbody tr").count() == int(count)
    tab.at("records.table", "tbody button").first.click()
    tab.at("records.record", ".lfq-note").get_by_text(" of sent.jsonl").wait_for()
    tab.click("records.preview")
    assert tab.text("records.rendering", "pre.lfq-record").startswith("<|im_start|>")


def test_a_path_that_will_not_do_is_refused_in_words(converted):
    tab, _ = converted
    tab.choose("data.paths", "/etc/passwd")
    assert "is outside of the folder" in tab.text("data.source", "[role=alert]")


def test_nothing_in_the_tab_is_hard_to_read_or_to_reach_light_or_dark(converted):
    tab, _ = converted
    for section in sections.ORDER:
        tab.unfold(section)
    tab.choose("proof.settings", strings("en")["proof"]["settings"]["choices"]["recipe"])
    tab.click("proof.check")
    tab.text("proof.findings", ".lfq-good, .lfq-bad")
    tab.click("proof.preview")
    tab.text("proof.record", "pre.lfq-record")
    tab.page.add_style_tag(content="* { transition: none !important; }")
    for theme, rules in (("light", LEVELS), ("dark", COLORS)):
        tab.page.evaluate("theme => document.body.classList.toggle('dark', theme === 'dark')", theme)
        assert find_violations(tab.page, rules) == [], theme
    tab.page.evaluate("document.body.classList.remove('dark')")


def test_the_keyboard_reaches_everything_and_it_is_seen_where_it_is(converted):
    tab, _ = converted
    for section in sections.ORDER:
        tab.unfold(section)
    tab.at("card.title", "> button").focus()
    tab.page.keyboard.press("Shift+Tab")
    tab.page.keyboard.press("Tab")
    parts = ":is(button, input:not([type=file]), textarea, summary, a[href], [data-lfq], [tabindex])"
    assert tab.page.locator(f".lfq-section {parts}").evaluate_all(OUT_OF_REACH) == []
    head = tab.at("card.title", "> button")
    for key, state in (("Enter", "false"), (" ", "true")):
        head.press(key)
        tab.at("card.title", f"> button[aria-expanded={state}]").wait_for()
    bar = tab.at("data.report", ".lfq-bar").filter(has=tab.page.locator("button")).last
    count, status = bar.locator(".lfq-bar-count").inner_text(), tab.at("records.table", "p[role=status]")
    bar.locator("button").press(" ")
    tab.until(lambda: status.inner_text().startswith(f"{count} of "))


def test_a_dataset_is_replaced_only_when_asked_for(converted, board, tmp_path):
    tab, _ = converted
    source = tmp_path / "..other.jsonl"
    source.write_text(json.dumps({"question": "q", "think": "t", "answer": "a", "metrics": {}}) + "\n")
    before = (board.folder / "data" / "sent_train.jsonl").read_bytes()
    tab.reload()
    tab.page.locator("#lf-qwen3-data-upload input[type=file]").set_input_files(source)
    tab.wait_for_value("data.name", "other")
    tab.fill("data.name", "sent")
    assert "sent.jsonl" in tab.text("data.replaced", ".lfq-warning")
    tab.fill("data.val", "0")
    tab.fill("data.test", "0")
    tab.click("data.convert")
    assert "sent exists" in tab.text("data.report", "[role=alert]")
    assert (board.folder / "data" / "sent_train.jsonl").read_bytes() == before
    tab.at("data.replace", "input").check()
    tab.click("data.convert")
    tab.at("data.report", ".lfq-good").filter(has_text="sent_train").wait_for()
    assert len((board.folder / "data" / "sent_train.jsonl").read_bytes().splitlines()) == 1


def test_html_in_data_is_shown_as_text(converted, board):
    attack = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    row = {"question": attack, "think": attack, "answer": attack, "metrics": {}}
    path = board.folder / "raw" / "attack.jsonl"
    bad = {"question": attack, "think": "", "answer": "", "metrics": {}}
    path.write_text("".join(json.dumps(one) + "\n" for one in (row, bad)), "utf-8")
    tab, _ = converted
    tab.fill("data.val", "0")
    tab.fill("data.test", "0")
    assert attack[:20] in tab.convert("attack", "raw/attack.jsonl") + tab.text("data.source", ".lfq-view")
    tab.unfold("proof")
    tab.wait_for_value("proof.dataset", "attack_train")
    tab.choose("proof.settings", strings("en")["proof"]["settings"]["choices"]["recipe"])
    tab.mark("proof.record")
    tab.click("proof.preview")
    assert attack in tab.text("proof.record", "pre.lfq-record:not([data-before])")
    assert tab.page.title() != "owned"
    assert tab.page.locator("#lf-qwen3-data-title img, #lf-qwen3-proof-title img").count() == 0


def test_columns_of_unknown_names_are_guessed_changed_and_converted(converted, board):
    rows = [{"q1": f"Name river {at}.", "r1": f"River {at} has a long name.", "n": "x"} for at in range(9)]
    path = board.folder / "raw" / "unknown.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    tab, _ = converted
    tab.choose_sources("raw/unknown.jsonl")
    tab.wait_for_value("data.question", "q1")
    tab.wait_for_value("data.answer", "r1")
    tab.choose("data.system", "n")
    tab.at("data.source", "p").filter(has_text="q1, r1, n").first.wait_for()
    tab.fill("data.name", "unknown")
    tab.mark("data.report")
    tab.click("data.convert")
    assert "unknown_train" in tab.text("data.report", ".lfq-good:not([data-before])")
    assert strings("en")["data"]["rows_left"] in tab.text("data.report", ".lfq-view")
    [first, *_] = (board.folder / "data" / "unknown_train.jsonl").read_text("utf-8").splitlines()
    assert json.loads(first)["system"] == "x"


def test_from_two_files_to_a_proven_record(converted, board):
    tab, words = converted[0], strings("en")
    report = tab.convert("walked", MEDICAL, CHAT)
    assert words["data"]["registered"].split("{")[0].strip() in report
    assert words["chart"]["lengths"] in report
    rows = (board.folder / "data/walked_train.jsonl").read_text("utf-8").splitlines()
    assert f"{len(rows):,}" in report
    tab.click("data.next")
    tab.at("proof.title", "> button[aria-expanded=true]").wait_for()
    tab.wait_for_value("proof.dataset", "walked_train")
    tab.choose("proof.settings", words["proof"]["settings"]["choices"]["recipe"])
    tab.mark("proof.findings")
    tab.click("proof.check")
    assert words["proof"]["clean"] in tab.text("proof.findings", ".lfq-good:not([data-before])")
    tab.mark("proof.record")
    tab.click("proof.preview")
    record = tab.text("proof.record", "pre.lfq-record:not([data-before])")
    assert record.startswith("<|im_start|>")
    learnt = tab.text("proof.record", ".lfq-learnt")
    assert learnt in json.loads(rows[0])["conversations"][-1]["value"] + "<|im_end|>"
    assert tab.at("proof.record", "p.lfq-good").count() == 1
    tab.require_fit()


def test_the_language_is_followed_at_once_and_after_a_reload(converted, board):
    tab, told = converted[0], strings("ja")
    tab.choose_language("ja")
    tab.page.get_by_role("button", name=told["data"]["title"]).wait_for()
    tab.reload()
    tab.page.get_by_role("button", name=told["data"]["title"]).wait_for()
    tab.page.get_by_role("button", name=told["data"]["convert"]).wait_for()
    assert told["data"]["registered"].split("{")[0].strip() in tab.text("data.report", ".lfq-good")
    tab.unfold("train")
    tab.page.wait_for_timeout(2000)  # whatever the form's own events would say is said by then
    assert told["train"]["no_plan"] in tab.text("train.plan", ".lfq-empty")
    assert "output values" not in board.log.read_text("utf-8")  # gradio's word for an event that sets nothing
