"""Section Data without gradio: what is asked for, what is done, what is shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.board.handlers import data, data_source
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts
from lf_qwen3.data import registry

MEDICAL, CHAT = "raw/sample_medical_r1.jsonl", "raw/sample_finetome.parquet"


def form(**changes):
    fields: dict[str, Any] = {
        "paths": [MEDICAL],
        "upload": [],
        "converter": "",
        "name": "mine",
        "turns": "unroll",
        "mix": None,
        "val": 0.1,
        "test": 4,
        "dataset_dir": "data",
    }
    return data.ConversionForm(**(fields | changes))


class Recorded(NoProgress):
    """Keeps every status."""

    def __init__(self):
        self.all = []

    def update(self, status):
        self.all.append(status)


def converted(**changes):
    progress = Recorded()
    return data.convert(data.request(form(**changes)), progress), progress.all


def put_unknown(here, count=8):
    rows = [{"q1": f"Name river {at}.", "r1": f"River {at} has a long name.", "n": at} for at in range(count)]
    (here / "raw" / "unknown.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return "raw/unknown.jsonl"


def test_chosen_columns_are_converted_and_counted(here):
    path = put_unknown(here)
    result, _ = converted(paths=[path], question="q1", answer="r1", thinking="", system=None, val=0, test=0)
    assert result["columns"] == {path: {"read": {"q1": 8, "r1": 8}, "left": {"n": 8}}}
    first = json.loads(Path("data/mine_train.jsonl").read_text("utf-8").splitlines()[0])
    assert [turn["value"][-8:] for turn in first["conversations"]] == ["river 0.", "ng name."]
    for language in languages():
        shown = render("data/report", texts(language), state=json.loads(json.dumps(result)))
        assert texts(language)("data.rows_left") in shown


def test_how_a_file_is_read_is_shown(here):
    rows = [{"instruction": "a", "output": "b"}]
    Path("raw/under.json").write_text(json.dumps({"v": 1, "data": rows, "other": rows[:0]}), "utf-8")
    shown = data_source.inspect_source(["raw/under.json"], [], "")
    assert shown["files"][0]["reading"] == "the rows under 'data'; not read beside them: v"
    assert "the rows under" in render("data/source", texts("en"), state=shown)
    result, _ = converted(paths=["raw/under.json"], val=0, test=0)
    assert "the rows under" in render("data/report", texts("en"), state=result)


def test_one_list_of_several_is_named_in_the_tab(here):
    rows = [{"instruction": f"a{at}", "output": "b"} for at in range(3)]
    Path("raw/splits.json").write_text(json.dumps({"train": rows, "test": rows[:1]}), "utf-8")
    with pytest.raises(UsageError, check=lambda error: error.code == "several_lists"):
        data_source.inspect_source(["raw/splits.json"], [], "")
    assert data_source.inspect_source(["raw/splits.json#train"], [], "")["files"][0]["rows"]
    assert converted(paths=["raw/splits.json#train"], val=0, test=0)[0]["read"] == 3


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../mine"},
        {"name": "/etc/mine"},
        {"name": "<b>mine</b>"},
        {"name": ".."},
        {"name": ""},
        {"name": "a,b"},
        {"name": "n" * 101},
        {"dataset_dir": "../data"},
        {"dataset_dir": "/etc"},
        {"converter": "no_such"},
        {"turns": "sideways"},
        {"mix": 2},
        {"mix": -0.5},
        {"val": -1},
        {"test": 1.5},
        {"paths": []},
        {"paths": ["medical_r1:/etc/passwd"]},
    ],
    ids=lambda change: "{}={!s:.20}".format(*next(iter(change.items()))),
)
def test_a_field_that_will_not_do_is_refused_before_anything_starts(here, change):
    with pytest.raises(UsageError):
        data.request(form(**change))
    assert sorted(one.name for one in here.iterdir()) == ["raw"]


@pytest.mark.parametrize("mix", [None, 0])
def test_no_share_is_no_mixing(here, mix):
    assert data.request(form(mix=mix))["mix"] is None


def test_in_demo_mode_nothing_is_written(here):
    with pytest.raises(UsageError, check=lambda error: error.code == "demo_mode"):
        data.request(form(), is_demo=True)


def test_convert_writes_registers_and_counts(here):
    result, statuses = converted(paths=[MEDICAL, CHAT], mix=0.75)
    assert result["datasets"] == list(registry.read_registry("data"))
    lines = {
        name: len(Path(f"data/mine_{name}.jsonl").read_bytes().splitlines()) for name in result["written"]
    }
    assert lines == result["written"]
    assert sum(bar["count"] for bar in result["chart"]["bars"]) == lines["train"]
    assert {status.phase for status in statuses} == {"reading", "writing", "checking"}
    assert all(0 <= status.done <= status.total for status in statuses)


def test_what_a_rerun_removes_is_shown(here):
    converted(val=5)
    result, _ = converted(val=0)
    assert result["removed"] == ["data/mine_val.jsonl"]
    for language in languages():
        assert "data/mine_val.jsonl" in render("data/report", texts(language), state=result)


def test_without_a_tokenizer_the_data_is_there_and_why_is_told(here):
    result, _ = converted(tokenizer="no/such-tokenizer")
    assert result["chart"] is None
    assert "no/such-tokenizer" in result["uncounted"][0]["text"]
    assert "mine_train" in registry.read_registry("data")


def test_rejected_rows_are_handed_over(here):
    bad = [
        {"question": "q", "think": "t", "answer": "", "metrics": {}},
        {"question": "", "think": "", "answer": "a"},
    ]
    good = Path(MEDICAL).read_text("utf-8")
    Path("raw/bad.jsonl").write_text(good + "".join(json.dumps(one) + "\n" for one in bad), "utf-8")
    result, _ = converted(paths=["raw/bad.jsonl"])
    assert sum(result["rejected"].values()) == len(result["rejected_rows"]) == 2
    assert {one["file"] for one in result["rejected_rows"]} == {"bad.jsonl"}
    first = len(good.splitlines()) + 1
    assert [one["row"] for one in result["rejected_rows"]] == [first, first + 1]


def test_the_report_is_made_in_every_language(here):
    result, _ = converted(paths=[MEDICAL, CHAT])
    for language in languages():
        shown = render("data/report", texts(language), state=json.loads(json.dumps(result)))
        for value in (f"{result['read']:,}", *result["datasets"], texts(language)("chart.lengths")):
            assert value in shown


@pytest.mark.parametrize("view", ["data/source", "data/report"])
def test_empty_and_failed_states_are_shown(view):
    assert "lfq-empty" in render(view, texts("en"), state=None)
    shown = render(view, texts("en"), state={"error": "<b>wrong</b>", "hint": "do <i>this</i>"})
    assert "&lt;b&gt;wrong" in shown
    assert "<i>" not in shown


@pytest.mark.parametrize(
    ("source", "name"),
    [("raw/My data.v2.jsonl.gz", "My_data"), ("raw/", "raw"), ("", ""), ("/…/<b>.csv", "b")],
)
def test_a_suggested_name_can_be_a_name(source, name):
    assert data.suggest_name([source] if source else []) == name


def test_registered_names_of_a_folder_that_is_none(here):
    assert data.registered("data") == []
    with pytest.raises(UsageError, check=lambda error: error.code == "path_outside"):
        data.registered("/etc")


def test_a_broken_registry_is_an_error_and_no_empty_list(here):
    Path("data").mkdir()
    Path("data/dataset_info.json").write_text('{"a": {}')
    with pytest.raises(LfQwen3Error, check=lambda error: error.code == "registry_broken"):
        data.registered("data")


def test_what_a_conversion_would_replace_is_named_before(here):
    assert data.find_replaced(form()) is None
    records = sum(converted()[0]["written"].values())
    assert data.find_replaced(form()) is None
    other = form(paths=[CHAT])
    assert data.find_replaced(other) == {
        "name": "mine",
        "records": records,
        "sources": "sample_medical_r1.jsonl",
    }
    for language in languages():
        page = render("data/replaced", texts(language), state=data.find_replaced(other))
        assert "mine" in page
        assert "sample_medical_r1.jsonl" in page
    with pytest.raises(UsageError, check=lambda error: error.code == "dataset_exists"):
        converted(paths=[CHAT])
    assert data.find_replaced(form(paths=["raw/gone.jsonl"])) is None
    assert data.find_replaced(form(name="../mine")) is None
    assert converted(paths=[CHAT], replace=True)[0]["thinking"] == 0


def test_what_is_asked_for_in_reading_is_done(here):
    row = {"question": "q", "think": "t", "answer": "A\\nB\\nC"}
    Path("raw/escaped.jsonl").write_text(json.dumps(row) + "\n")
    warned, _ = converted(paths=["raw/escaped.jsonl"], val=0, test=0)
    [warning] = [warning for warning in warned["warnings"] if warning["code"] == "escaped_text"]
    for language in languages():
        shown = texts(language).warning(warning)
        assert texts(language)("tab.quoted", text="").strip()[0] in shown
        assert "--unescape" not in shown
        assert "raw/escaped.jsonl" in shown
    mended, _ = converted(paths=["raw/escaped.jsonl"], val=0, test=0, reading=["unescape", "hostile"])
    assert mended["repaired"] == {"unescaped": 1}


def test_warnings_are_shown_in_the_language_of_the_page(here):
    result, _ = converted(paths=[CHAT])
    [warning] = [warning for warning in result["warnings"] if warning["code"] == "no_thinking"]
    page = render("data/report", texts("ja"), state=json.loads(json.dumps(result)))
    assert texts("ja").warning(warning) in page
    assert "--mix" not in page
    assert texts("ja").props("data.mix")["label"] in texts("ja").warning(warning)
