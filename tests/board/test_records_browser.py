"""Section Records without gradio: pages, search, filters, findings, and what will not do."""

import json
from typing import Any

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.board.handlers import data, proof, record_index, record_marks, records
from lf_qwen3.board.handlers.records import RecordsForm
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts
from tests.board.registered import THINKING, alpaca, page, register, rows


def check(dataset: str, tokenizer: str = "no/such") -> dict[str, Any]:
    settings = {**proof.RECIPE, "cutoff_len": 2048}
    return proof.check(proof.request("data", [dataset], settings, tokenizer=tokenizer), NoProgress())


def test_a_dataset_is_shown_page_by_page(here):
    register("sums", *(alpaca(f"Question {number}", "An answer.") for number in range(1, 121)))
    first, last, beyond = page("sums"), page("sums", 3), page("sums", 99)
    assert [line["row"] for line in first["lines"]] == [*range(1, 51)]
    assert [line["row"] for line in last["lines"]] == [*range(101, 121)]
    assert beyond == last
    assert (first["pages"], first["total"], first["matching"]) == (3, 120, 120)
    assert last["lines"][0]["start"] == "Question 101"


def test_a_broken_line_is_a_row_of_its_own_and_hides_nothing(here):
    register(
        "sums", alpaca("A?", "B."), "", '{"instruction": "<b>C', "[1]", alpaca("D?", THINKING), '{"instr'
    )
    lines = page("sums")["lines"]
    assert [(line["row"], line["kind"], line["problem"][0]) for line in lines] == [
        (1, "plain", ""),
        (3, "broken", "malformed"),
        (4, "broken", "not_object"),
        (5, "thinking", ""),
        (6, "broken", "malformed"),
    ]
    assert lines[1]["start"] == '{"instruction": "<b>C'
    assert rows("sums", kind="broken") == [3, 4, 6]


def test_a_row_that_the_trainer_leaves_out_says_so(here):
    register("sums", alpaca("A?", "B."), {"instruction": "A?", "output": None})
    assert [bool(line["dropped"]) for line in page("sums")["lines"]] == [False, True]
    assert rows("sums", kind="left_out") == [2]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_rows_of_a_json_array_are_found_by_their_bytes(here, indent, mark):
    path = register("sums", alpaca("x", "y"), file="sums.json")
    content = [alpaca(f"Frage ü {number} }}]", THINKING if number % 2 else "n") for number in range(120)]
    path.write_text(mark + json.dumps(content, indent=indent, ensure_ascii=False), "utf-8")
    shown = page("sums", 2, kind="thinking")
    assert [line["row"] for line in shown["lines"]] == [*range(102, 121, 2)]
    assert records.show_record("data", "sums 120")["record"]["fields"] == [
        (k, str(v)) for k, v in content[119].items()
    ]


def test_a_json_array_that_breaks_off_ends_with_a_row_that_says_so(here):
    path = register("sums", alpaca("x", "y"), file="sums.json")
    path.write_text(json.dumps([alpaca("A?", "B."), alpaca("C?", "D.")])[:-20], "utf-8")
    lines = page("sums")["lines"]
    assert [line["kind"] for line in lines] == ["plain", "broken"]
    path.write_text(json.dumps([alpaca("A?", "B.")])[:-1], "utf-8")
    assert [line["problem"][0] for line in page("sums")["lines"]] == ["", "truncated"]


FOUND = {"HELLO": [1, 3], "hello": [1, 3], "größe": [2], "GRÖßE": [2], "привет": [4], "数学": [4]}
FOUND |= {'say "hello"': [3], "a/b": [3], "output": [], "instr": [5], "nowhere": []}


@pytest.mark.parametrize(("text", "expected"), FOUND.items())
def test_a_text_is_found_whatever_its_case_and_however_it_is_escaped(here, text, expected):
    escaped = json.dumps(alpaca("ПРИВЕТ, 数学", "ok"), ensure_ascii=False)
    register(
        "sums",
        alpaca("Hello", "You."),
        alpaca("Die Größe", "of it"),
        json.dumps(alpaca('Say "hELLo"', "a/b")).replace("/", "\\u002f"),
        escaped,
        '{"instruction": "cut',
    )
    assert rows("sums", text=text) == expected


def test_a_search_out_of_time_goes_on_with_the_next(here, monkeypatch):
    register("sums", *(alpaca(f"Question {number}", "word") for number in range(600)))
    monkeypatch.setattr(records, "SEARCH_SECONDS", -1.0)
    assert page("sums", text="word")["searched"] == 0
    monkeypatch.setattr(records, "SEARCH_SECONDS", 60.0)
    shown = page("sums", text="word")
    assert (shown["searched"], shown["matching"]) == (600, 600)


def test_rows_are_filtered_and_sorted(here):
    texts = {"A?": "human", THINKING: "gpt", "And then?": "human", "Then 3.": "gpt"}
    turns = [{"from": speaker, "value": text} for text, speaker in texts.items()]
    columns = {"messages": "conversations"}
    chats = ({"conversations": turns}, {"conversations": turns[:2]}, {"conversations": turns[2:]})
    register("chats", *chats, formatting="sharegpt", columns=columns)
    assert [line["kind"] for line in page("chats")["lines"]] == ["mixed", "thinking", "plain"]
    assert [line["turns"] for line in page("chats")["lines"]] == [2, 1, 1]
    assert records.show_record("data", "chats 2")["record"]["fields"] == [("human", "A?"), ("gpt", THINKING)]
    assert rows("chats", kind="mixed") == [1]
    assert rows("chats", sort="shortest") == [3, 2, 1]
    assert rows("chats", sort="longest") == [1, 2, 3]
    assert rows("chats", shortest=20, longest=60) == [2]


def test_pairs_and_labels_are_shown(here):
    pair = {"prompt": "A?", "chosen": THINKING, "rejected": "No."}
    columns = {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}
    register("pairs", pair, ranking=True, columns=columns)
    columns = {"prompt": "instruction", "response": "output", "kto_tag": "label"}
    register("votes", alpaca("A?", "B.", label=True), alpaca("A?", "B.", label="?"), columns=columns)
    assert page("pairs")["lines"][0]["kind"] == "mixed"
    assert [bool(line["dropped"]) for line in page("votes")["lines"]] == [False, True]


def test_all_splits_are_shown_together(here):
    for split, count in (("train", 3), ("val", 1), ("test", 2)):
        register(f"sums_{split}", *(alpaca(f"{split} {number}", "x") for number in range(count)))
    register("other_train", alpaca("x", "y"))
    shown = page("sums_val", splits=True)
    assert [line["value"] for line in shown["lines"]] == [
        *("sums_train 1", "sums_train 2", "sums_train 3", "sums_val 1", "sums_test 1", "sums_test 2")
    ]
    assert page("sums_val")["total"] == 1


def test_a_finding_leads_to_its_rows(here):
    path = register("sums", alpaca("A?", "B."), "", alpaca("C?", ""), alpaca("D?", ""))
    with pytest.raises(UsageError) as error:
        page("sums", finding="empty_answer")
    assert error.value.code == "not_checked"
    codes = {shown["code"]: shown["datasets"] for shown in check("sums")["codes"]}
    assert codes["empty_answer"] == ["sums"]
    assert "empty_answer" in records.find_codes("data", "sums")
    assert rows("sums", finding="empty_answer") == [3, 4]
    assert page("sums")["lines"][1]["findings"] == ["empty_answer"]
    path.write_text(json.dumps(alpaca("E?", "F.")) + "\n", "utf-8")
    assert not page("sums")["is_checked"]
    assert records.find_codes("data", "sums") == [""]


def test_in_demo_mode_a_check_keeps_nothing(here):
    register("sums", alpaca("C?", ""))
    proof.check(
        proof.request("data", ["sums"], proof.RECIPE, tokenizer="no/such", is_demo=True), NoProgress()
    )
    assert not record_marks.FOLDER.exists()


def test_marks_of_old_files_go(here, monkeypatch):
    monkeypatch.setattr(record_marks, "MOST_FILES", 2)
    for name in ("one", "two", "three"):
        register(name, alpaca(name, ""))
        check(name)
    assert len(list(record_marks.FOLDER.iterdir())) == 2


def test_a_bar_of_the_lengths_leads_to_as_many_rows(here, small_tokenizer):
    form = data.ConversionForm(
        *(["raw/sample_medical_r1.jsonl"], None, None, "med", "unroll", None, 0.1, None, "data"),
        tokenizer=str(small_tokenizer),
    )
    report = data.convert(data.request(form), NoProgress())
    chart = report["chart"]
    assert chart
    assert page("med_train")["unit"] == "tokens"
    for bar in chart["bars"]:
        shortest, longest, dataset = records.read_bar(f"{bar['shortest']} {bar['longest']} med_train")
        assert page(dataset, shortest=shortest, longest=longest)["matching"] == bar["count"]
    assert 'data-lfq="' in render("data/report", texts("en"), state=report)


def test_a_record_leads_to_its_neighbours_on_the_page(here):
    register("sums", *(alpaca(f"Question {number}", "a" * number) for number in range(1, 5)))
    lines = page("sums", sort="longest")["lines"]
    first, second = (records.show_record("data", f"sums {row}", lines) for row in (4, 3))
    assert (first["previous"], first["following"]) == ("", "sums 3")
    assert (second["previous"], second["following"]) == ("sums 4", "sums 2")
    assert records.show_record("data", "sums 3")["following"] == ""
    assert 'data-lfq="sums 2"' in render("records/record", texts("en"), state=second)


@pytest.mark.parametrize(
    "value", ["sums 0", "sums 2", "sums -1", "sums x", "sums", "", " 1", "sums " + "9" * 5000]
)
def test_a_row_that_is_none_is_refused(here, value):
    register("sums", alpaca("A?", "B."))
    with pytest.raises(UsageError):
        records.show_record("data", value)


@pytest.mark.parametrize("file", ["../../secret.jsonl", "link.jsonl", "/etc/passwd", "*"])
def test_a_file_outside_is_refused(here, outside, file):
    register("sums", alpaca("A?", "B."))
    (here / "data/link.jsonl").symlink_to(outside)
    info = here / "data/dataset_info.json"
    info.write_text(json.dumps({"sums": {"file_name": file}}), "utf-8")
    with pytest.raises(UsageError):
        page("sums")
    with pytest.raises(UsageError):
        records.show_page(RecordsForm("/etc", "sums"))


@pytest.mark.parametrize(
    "entry", [{"columns": ["a"]}, {"tags": {"role_tag": 1}}, {"formatting": "odd"}, {"hf_hub_url": "a/b"}]
)
def test_an_entry_that_cannot_be_read_by_is_refused(here, entry):
    register("sums", alpaca("A?", "B."), **entry)
    with pytest.raises(UsageError):
        page("sums")


def test_an_index_is_built_once_for_each_state_of_a_file_and_few_are_kept(here, monkeypatch):
    path = register("sums", alpaca("A?", "B."))
    form = RecordsForm("data", "sums")
    assert not records.is_ready(form)
    records.show_page(form)
    assert records.is_ready(form)
    path.write_text(path.read_text("utf-8") * 2, "utf-8")
    assert not records.is_ready(form)
    assert page("sums")["total"] == 2
    monkeypatch.setattr(record_index, "MOST_ROWS", 2)
    register("more", alpaca("A?", "B."), alpaca("A?", "C."))
    page("more")
    assert not records.is_ready(form)


@pytest.mark.parametrize("language", languages())
def test_views_show_html_as_text_in_every_language(here, language):
    register("<i>_train", alpaca("<script>x</script>", "<b>B.</b>"), "<u>{")
    t = texts(language)
    shown = [render("records/table", t, state=page("<i>_train"))]
    for number in (1, 2):
        state = records.show_record("data", f"<i>_train {number}")
        shown.append(render("records/record", t, state=state))
    assert not any(tag in html for html in shown for tag in ("<script>", "<b>", "<u>", "<i>_"))
    assert "&lt;script&gt;x" in shown[0]
    assert t("records.source_unknown") in shown[2]
