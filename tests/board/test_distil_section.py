"""Section Distil without gradio: what is asked for, who may be asked, and what is shown of the answers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.board.handlers import distil
from lf_qwen3.board.handlers.distil import DistilForm
from lf_qwen3.board.jobs import Job
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts
from tests.data.generate.distilled import ROWS, obey, read, write
from tests.data.generate.scripted_server import ScriptedServer

SERVER = "http://127.0.0.1:8000/v1"
FORM = DistilForm(["rows.jsonl"], [], SERVER, "m", "both", 2, "auto", None, "mine")
HOSTED = "https://models.example.com/v1"


@pytest.fixture(autouse=True)
def rows(here):
    write(here / "rows.jsonl", ROWS)


def refused(is_demo=False, **fields):
    with pytest.raises(UsageError) as caught:
        distil.request(replace(FORM, **fields), is_demo)
    return caught.value.code


def test_the_form_becomes_a_request():
    assert distil.request(replace(FORM, most_requests=5)) == {
        "sources": ["rows.jsonl"],
        "held_out": [],
        "to": "distilled/mine",
        "model": "m",
        "modes": "both",
        "samples": 2,
        "keep": "auto",
        "max_requests": 5,
        "url": SERVER,
        "key_variable": "",
    }


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"rows": []}, "nothing_chosen"),
        ({"rows": ["/etc/passwd"]}, "path_outside"),
        ({"held_out": ["/etc/passwd"]}, "path_outside"),
        ({"model": " "}, "nothing_chosen"),
        ({"modes": "loud"}, "unknown_name"),
        ({"keep": "none"}, "unknown_name"),
        ({"name": "../mine"}, "name_invalid"),
        ({"server": None}, "option_value"),
        ({"is_demo": True}, "demo_mode"),
    ],
)
def test_a_field_that_will_not_do(fields, code):
    assert refused(**fields) == code


def test_a_visitor_names_no_server_elsewhere_and_no_key(monkeypatch):
    monkeypatch.setenv("MODELS_KEY", "sk-very-secret")
    assert refused(server=HOSTED) == "server_not_named"
    monkeypatch.setenv(distil.VARIABLE, f"http://gpu-box:8000 {HOSTED}=MODELS_KEY")
    assert distil.list_servers() == ["http://gpu-box:8000", HOSTED]
    asked = distil.request(replace(FORM, server=f"{HOSTED}/"))
    assert asked["key_variable"] == "MODELS_KEY"
    assert "secret" not in json.dumps(Job("distil.ask", asked).record())
    assert distil.request(replace(FORM, server="http://gpu-box:8000/v1"))["key_variable"] == ""
    assert refused(server="https://models.example.com.evil.org/v1") == "server_not_named"
    assert refused(server="https://models.example.com@evil.org/v1") == "server_not_named"


def test_the_splits_beside_a_training_split_are_proposed(here):
    for split in ("train", "val", "test"):
        write(here / f"set_{split}.jsonl", ROWS)
    assert distil.find_held_out(["set_train.jsonl", "rows.jsonl"]) == ["set_val.jsonl", "set_test.jsonl"]
    assert distil.find_held_out(None) == []


def test_the_answers_are_kept_and_shown_in_every_language(here):
    with ScriptedServer(obey) as server:
        asked = distil.request(replace(FORM, server=server.url, samples=1, held_out=["rows.jsonl"]))
        assert distil.ask(asked, NoProgress())["refused"] == {"leak": 3}
        asked = distil.request(replace(FORM, server=server.url, samples=1, most_requests=5))
        stopped = distil.ask(asked, NoProgress())
        state = json.loads(json.dumps(distil.ask(asked | {"max_requests": None}, NoProgress())))
    assert (stopped["stopped"], state["kept"], state["sent"]) == ("--max-requests", 6, 1)
    assert len(read(Path("distilled/mine/rows.jsonl"))) == 6
    assert "distilled/mine/rows.jsonl" in distil.list_rows()
    for language in languages():
        t = texts(language)
        assert t("distil.written", count=6, folder="distilled/mine") in render(
            "distil/report", t, state=state
        )
        shown = render(
            "distil/report", t, state=stopped | {"refused": {"leak": 1, "nul": 2}, "unfinished": 3}
        )
        assert t("distil.stopped") in shown
        assert t("distil.unfinished", count=3) in shown
        assert t.reason("refused", "leak", ("", "")).message in shown
        assert t.phase("replies") != "replies"
