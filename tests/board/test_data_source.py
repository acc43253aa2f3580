"""What section Data shows of sources before they are converted."""

import gzip
import json
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.handlers import data_source
from lf_qwen3.board.jobs import Job
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import error_shown, languages, texts
from lf_qwen3.board.worker import WORKERS

MEDICAL, CHAT = "raw/sample_medical_r1.jsonl", "raw/sample_finetome.parquet"


def put_unknown(here, count=8):
    rows = [{"q1": f"Name river {at}.", "r1": f"River {at} has a long name.", "n": at} for at in range(count)]
    (here / "raw" / "unknown.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return "raw/unknown.jsonl"


def test_look_finds_converters_and_first_rows(here):
    found = data_source.inspect_source([MEDICAL, CHAT], [], "")
    assert [(file["name"], file["converter"], file["problem"]) for file in found["files"]] == [
        ("sample_medical_r1.jsonl", "medical_r1", None),
        ("sample_finetome.parquet", "finetome", None),
    ]
    medical, chat = found["files"]
    first = json.loads(Path(MEDICAL).read_text("utf-8").splitlines()[0])
    assert medical["columns"] == list(first)
    assert found["columns"] == list(dict.fromkeys([*medical["columns"], *chat["columns"]]))
    assert [len(file["rows"]) for file in found["files"]] == [data_source.ROWS_SHOWN] * 2
    assert medical["rows"][0][medical["columns"].index("question")] == first["question"]
    turns = chat["rows"][0][chat["columns"].index("conversations")]
    assert [role for role, _ in turns][:2] == ["human", "gpt"]
    page = render("data/source", texts("en"), state=found)
    assert "<li><b>human</b> " in page
    assert "&#34;from&#34;" not in page


def test_a_broken_file_hides_no_other(here):
    Path("raw/broken.parquet").write_bytes(b"PAR1" + b"\x00" * 100)
    Path("raw/empty.jsonl").write_text("")
    Path("raw/none.jsonl").write_text(json.dumps({"text": "Rivers flow."}) + "\n")
    paths = ["raw/broken.parquet", MEDICAL, "raw/none.jsonl", "raw/empty.jsonl", "/etc/passwd", "raw/gone"]
    shown = data_source.inspect_source(paths, [], "")
    status = {file["name"]: (file["problem"] or {}).get("code") for file in shown["files"]}
    assert status == {
        "sample_medical_r1.jsonl": None,
        "none.jsonl": "no_converter_fits",
        "broken.parquet": "parquet_broken",
        "empty.jsonl": "no_rows",
        "passwd": "path_outside",
        "gone": "file_missing",
    }
    for language in languages():
        page = render("data/source", texts(language), state=json.loads(json.dumps(shown)))
        assert page.count('role="alert"') == 5
        assert "Rivers flow." in page
        assert all(file["name"] in page for file in shown["files"])


def test_a_packed_or_large_file_is_looked_at_in_a_process_of_its_own(here, monkeypatch):
    packed = here / "raw" / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(Path(MEDICAL).read_bytes()))
    started = []
    start = Job.start
    monkeypatch.setattr(Job, "start", lambda *words: started.append((words[0], words[2])) or start(*words))
    found = data_source.inspect_source(["raw/packed.jsonl.gz"], [], "")
    assert started == [("data_source.read_source", WORKERS.take)]
    assert found["files"][0]["rows"] == data_source.inspect_source([MEDICAL], [], "")["files"][0]["rows"]
    assert len(started) == 1


def test_a_row_without_end_is_cut_short(here):
    row = {"question": "q " * 10**6, "think": "t", "answer": ["x"] * 10**5, "metrics": None}
    Path("raw/long.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    [file] = data_source.inspect_source(["raw/long.jsonl"], [], "")["files"]
    assert max(map(len, file["rows"][0])) < 500


def test_columns_that_are_read_and_left_are_shown(here):
    shown = data_source.inspect_source([MEDICAL], [], "")
    [file] = shown["files"]
    assert file["read"] == ["question", "think", "answer"]
    assert file["left"] == ["instruction", "metrics"]
    assert (file["problem"], shown["guess"], file["reading"]) == (None, {}, "")


def test_where_no_converter_fits_the_columns_are_guessed(here):
    path = put_unknown(here)
    shown = data_source.inspect_source([path], [], "")
    assert shown["guess"] == {"question": "q1", "answer": "r1"}
    [file] = shown["files"]
    assert (file["problem"], bool(file["converter"])) == (None, True)
    assert (file["read"], file["left"]) == (["q1", "r1"], ["n"])
    assert len(file["rows"]) == data_source.ROWS_SHOWN
    page = render("data/source", texts("en"), state=shown)
    assert texts("en")("data.guessed", names="q1, r1") in page
    assert texts("en")("data.columns_left", names="n") in page


def test_where_nothing_can_be_guessed_it_is_said(here):
    Path("raw/texts.jsonl").write_text(json.dumps({"text": "Rivers flow."}) + "\n", "utf-8")
    shown = data_source.inspect_source(["raw/texts.jsonl"], [], "")
    [file] = shown["files"]
    assert (shown["guess"], file["converter"], file["read"]) == ({}, "", [])
    page = render("data/source", texts("en"), state=shown)
    assert "no converter matches" in page
    assert "Rivers flow." in page


def test_chosen_columns_take_the_place_of_the_guess(here):
    path = put_unknown(here)
    shown = data_source.inspect_source([path], [], "", "question=r1,answer=q1")
    assert (shown["files"][0]["problem"], shown["guess"]) == (None, {})
    missing = data_source.inspect_source([path], [], "", "question=r1,answer=other")
    assert "'other'" in missing["files"][0]["problem"]["error"]
    assert missing["files"][0]["converter"] == ""


def test_names_and_paths_of_the_server_are_files_to_the_page(here):
    folder = here.parent / "uploads" / ("a" * 64)
    folder.mkdir(parents=True)
    name = "<img src=x onerror=alert(1)>\u202e\x07.jsonl"
    (folder / name).write_bytes(b"\x00" * 50)
    with pytest.raises(LfQwen3Error) as caught:
        data_source.inspect_source([], [str(folder / name)], "")
    page = render("data/source", texts("ja"), state=error_shown(caught.value))
    assert "a" * 64 not in page
    assert "&lt;img src=x" in page
    assert "<img" not in page
    assert "\\x202e\\x07" in page
    both = data_source.inspect_source([MEDICAL], [str(folder / name)], "")
    page = render("data/source", texts("zh"), state=both)
    assert "a" * 64 not in page
    assert "<img" not in page
    assert str(here) not in render(
        "data/source", texts("en"), state=error_shown(LfQwen3Error(f"{here}/raw/x: no"))
    )


def test_an_unknown_error_of_the_sources_is_told(here):
    Path("raw/junk.jsonl").write_bytes(b"\x93" * 4096)
    with pytest.raises(LfQwen3Error):
        data_source.inspect_source(["raw/junk.jsonl"], [], "")
