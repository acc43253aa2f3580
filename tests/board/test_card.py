"""The card on top without gradio: from files to a plan, why it stops and what lets it go on."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from lf_qwen3.base import packages
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.board.handlers import (
    card,
    card_cures,
    card_hardware,
    proof,
    tokenizers,
)
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts
from lf_qwen3.data import registry
from lf_qwen3.proof import accelerators
from lf_qwen3.proof.accelerators import Gpu
from lf_qwen3.trainer.training_steps import count_steps

MEDICAL, CHAT = "raw/sample_medical_r1.jsonl", "raw/sample_finetome.parquet"
GIB = 1 << 30


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """Let the machine have no GPU and no tokenizer, whatever it has."""
    monkeypatch.setattr(accelerators, "read_gpus", list)
    monkeypatch.setattr(card_hardware, "find_accelerators", list)
    monkeypatch.setattr(tokenizers, "find_or_explain", lambda *_: ("", ["no tokenizer"]))


def ask(*paths, has_board=True, **fields):
    form = {"paths": paths or [MEDICAL], "upload": [], "model": "", "aim": "thinking"} | fields
    return card.request(form, "data", has_board=has_board)


def prepare(asked):
    """Return what the card shows, as the page keeps it."""
    return json.loads(json.dumps(card.prepare(asked, NoProgress())))


def cure(known, kind):
    """Return what the card shows after a cure, or after several."""
    return prepare(card_cures.apply_cure(known, kind))


def write(name, rows):
    Path("raw", name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return f"raw/{name}"


def kinds(known):
    return [kind for kind, _, _ in known["stop"]["cures"]]


def test_files_become_a_plan(here):
    known = prepare(ask())
    assert known["stop"] is None
    assert known["done"] == list(card.STAGES)
    assert known["report"]["datasets"] == ["sample_medical_r1_train", "sample_medical_r1_val"]
    settings = known["settings"]
    assert settings["dataset"] == "sample_medical_r1_train"
    assert settings["eval_dataset"] == "sample_medical_r1_val"
    assert (settings["template"], settings["use_cpu"]) == ("qwen3", True)
    assert known["steps"] == count_steps(settings, known["report"]["written"]["train"], 2)
    assert known["memory"]["card"] == "RAM"
    assert not known["commands"]


def test_a_dataset_that_is_there_is_never_replaced(here):
    prepare(ask())
    before = {path: path.read_bytes() for path in Path("data").glob("sample_medical_r1_*.jsonl")}
    assert before
    assert prepare(ask())["report"]["name"] == "sample_medical_r1_2"
    assert {path: path.read_bytes() for path in before} == before
    assert {"sample_medical_r1_train", "sample_medical_r1_2_train"} <= registry.read_registry("data").keys()
    Path("runs/sample_medical_r1_3").mkdir(parents=True)
    assert ask()["name"] == "sample_medical_r1_4"


def test_the_aim_decides_what_is_mixed(here):
    both = prepare(ask(MEDICAL, CHAT, aim="both"))["report"]
    assert both["left_out"]
    assert both["thinking"] / (both["thinking"] + both["plain"]) == pytest.approx(0.75, abs=0.05)
    assert prepare(ask(MEDICAL, CHAT, aim="chat"))["report"]["thinking"] == 0
    assert prepare(ask(MEDICAL, CHAT))["report"]["left_out"] == 0
    alone = prepare(ask(MEDICAL, aim="both"))  # there is no other kind to mix with
    assert alone["stop"] is None
    assert texts("en")("card.one_kind") in render("card/plan", texts("en"), state=alone)


def codes(known):
    return [warning["code"] for warning in (*known["report"]["warnings"], *known["check"]["codes"])]


def test_whoever_trains_for_chat_is_not_warned_of_lost_thinking(here):
    for paths in ((CHAT,), (MEDICAL, CHAT)):
        known = prepare(ask(*paths, aim="chat"))
        assert known["stop"] is None
        assert codes(known) == []
    assert codes(cure(prepare(ask(CHAT)), "leave")) == ["reasoning_lost"]  # once


def test_chat_without_plain_records_learns_the_answers_alone(here):
    known = prepare(ask(aim="chat"))
    assert known["stop"]["code"] == "no_plain"
    assert kinds(known) == ["aim_thinking", "answers"]
    assert cure(known, "aim_thinking")["report"]["thinking"]
    answers = cure(known, "answers")
    assert answers["stop"] is None
    assert answers["report"]["thinking"] == 0
    assert answers["report"]["columns"][MEDICAL]["read"].keys() == {"question", "answer"}


def test_records_without_thinking_are_asked_about(here):
    known = prepare(ask(CHAT))
    assert known["stop"]["code"] == "no_thinking"
    assert known["done"] == []
    assert known["report"]["plain"]
    assert kinds(known) == ["aim_chat", "leave"]
    assert cure(known, "aim_chat")["stop"] is None
    left = cure(known, "leave")
    assert left["stop"] is None
    assert left["report"]["name"] == known["report"]["name"]


def test_columns_are_guessed(here):
    rows = [{"kundenfrage": f"What is {n}?", "antwort": f"It is the number {n}."} for n in range(30)]
    known = prepare(ask(write("own.jsonl", rows), aim="chat"))
    assert known["stop"]["code"] == "no_converter_fits"
    assert known["stop"]["cures"][0][1] == "question=kundenfrage,answer=antwort"
    assert cure(known, "columns")["report"]["read"] == 30


def test_another_converter_is_proposed(here):
    known = prepare(ask() | {"converter": "finetome"})
    assert known["stop"]["cures"][0][1] == "medical_r1"
    assert cure(known, "converter")["stop"] is None


def test_many_rejected_rows_are_asked_about(here):
    good, bad = {"question": "q?", "think": "so", "answer": "a"}, {"question": "q?", "think": "so"}
    rows = [good | {"question": f"{n}?"} for n in range(20)] + [bad] * 5
    known = prepare(ask(write("bad.jsonl", rows)))
    assert known["stop"]["code"] == "many_rejected"
    assert "5 of 25" in known["stop"]["error"]
    assert cure(known, "leave")["stop"] is None
    assert prepare(ask(write("few.jsonl", rows[:21])))["stop"] is None


def test_line_ends_that_are_written_out_are_mended(here):
    row = {"think": "so", "answer": "First.\\nSecond.\\n\\nThird."}
    known = prepare(ask(write("flat.jsonl", [row | {"question": f"{n}?"} for n in range(30)])))
    assert known["stop"]["code"] == "escaped_text"
    assert known["done"] == ["convert", "recipe"]
    mended = cure(known, "unescape")
    assert mended["stop"] is None
    assert mended["report"]["repaired"] == {"unescaped": 30}


def test_an_error_of_the_check_leads_to_its_section(here, monkeypatch):
    shown = {"code": "c", "severity": "error", "count": 1, "message": "m", "hint": "h", "places": []}
    summary = {"datasets": {}, "notes": []}
    monkeypatch.setattr(proof, "check", lambda *_: {"codes": [shown], "summary": summary})
    stop = prepare(ask())["stop"]
    assert (stop["code"], stop["stage"], stop["error"], stop["cures"]) == ("c", "check", "m", [])


def test_a_model_that_is_none_is_replaced(here):
    known = prepare(ask(model="gpt2"))
    assert known["stop"]["code"] == "not_a_qwen3"
    assert cure(known, "model")["settings"]["model_name_or_path"] == "Qwen/Qwen3-0.6B"


def with_gpu(monkeypatch, gib, capability=8.0):
    monkeypatch.setattr(accelerators, "read_gpus", lambda: [Gpu("A GPU", int(gib * GIB), capability)])


def test_what_does_not_fit_is_made_smaller(here, monkeypatch):
    with_gpu(monkeypatch, 12, 7.5)
    monkeypatch.setattr(packages, "version", lambda name: None)
    known = prepare(ask(model="Qwen/Qwen3-8B"))
    assert known["stop"]["code"] == "memory_short"
    assert kinds(known) == ["model", "shorter"]
    smaller = cure(known, "model")
    assert smaller["stop"] is None
    assert smaller["memory"]["total"] < 12 * GIB
    assert smaller["settings"]["fp16"] is True
    shorter = card_cures.apply_cure(known, "shorter")
    assert shorter["cutoff_len"] == known["settings"]["cutoff_len"] // 2


def test_the_recipe_that_fits_is_taken(here, monkeypatch):
    monkeypatch.setattr(packages, "version", lambda name: "1")
    recipes = {}
    for gib in (80, 21, 13):
        with_gpu(monkeypatch, gib)
        known = prepare(ask(model="Qwen/Qwen3-8B"))
        recipes[gib] = known["recipe"]
        assert card_hardware.fits(known["memory"]["total"], [Gpu(**gpu) for gpu in known["gpus"]])
    assert recipes == {80: "lora-sft", 21: "lora-sft + liger", 13: "qlora-sft"}


def test_a_larger_card_gets_a_larger_model():
    proposed = [card_hardware.propose_model([Gpu("", gib * GIB, 8.0)]) for gib in (1, 8, 16, 24, 48, 141)]
    sizes = [float(model.removeprefix("Qwen/Qwen3-").removesuffix("B")) for model in proposed]
    assert sizes == sorted(sizes)
    assert sizes[0] == 0.6
    assert sizes[-1] == 32
    assert len(set(sizes)) >= 4
    assert card_hardware.propose_model([]) == "Qwen/Qwen3-0.6B"


def test_an_accelerator_of_another_kind_is_no_cpu(here, monkeypatch):
    monkeypatch.setattr(card_hardware, "find_accelerators", lambda: ["Ascend NPU"])
    assert "use_cpu" not in prepare(ask())["settings"]


def test_tokens_decide_where_records_are_cut(here, monkeypatch, small_tokenizer):
    monkeypatch.setattr(tokenizers, "find_or_explain", lambda *_: (str(small_tokenizer), []))
    known = prepare(ask())
    keeps = known["check"]["summary"]["tokens"]["sample_medical_r1_train"]["cutoff_len_that_keeps"]["99%"]
    assert keeps <= known["settings"]["cutoff_len"] < max(keeps + card.CUTOFF_STEP, card.LEAST_CUTOFF + 1)
    assert prepare(ask() | {"cutoff_len": 256})["settings"]["cutoff_len"] == 256


def test_without_a_board_the_recipe_set_is_written(here):
    known = prepare(ask(has_board=False))
    assert known["commands"][-1] == "llamafactory-cli train runs/sample_medical_r1/train.yaml"
    assert Path("runs/sample_medical_r1/train.yaml").is_file()
    assert known["commands"][-1] in render("card/plan", texts("en"), state=known)


def test_hostile_requests_and_demo_mode_are_refused(here, outside):
    form = {"paths": [MEDICAL], "upload": [], "model": "", "aim": "thinking"}
    for changes, folder in (({"paths": [str(outside)]}, "data"), ({"aim": "x"}, "data"), ({}, "..")):
        with pytest.raises(UsageError):
            card.request(form | changes, folder)
    with pytest.raises(UsageError, check=lambda error: error.code == "demo_mode"):
        card.request(form, "data", is_demo=True)
    assert not Path("data").exists()


def test_every_state_is_shown_in_every_language(here):
    whole, stopped = prepare(ask()), prepare(ask(aim="chat"))
    hostile = {
        "report": whole["report"] | {"warnings": [{"code": "", "text": "<b>", "facts": {}}]},
        "gpus": [asdict(Gpu("<b>", GIB, 8.0))],
    }
    for language in map(texts, languages()):
        assert language("card.ready") in render("card/plan", language, state=whole)
        shown = render("card/plan", language, state=stopped)
        assert 'data-lfq="cure:answers"' in shown
        assert 'data-lfq="go:data"' in shown
        assert "<b>" not in render("card/plan", language, state=whole | hostile)
        assert "&lt;i&gt;" in render("card/plan", language, state={"error": "<i>", "hint": "<i>"})
        assert "train.dataset" in render("card/next", language, state={"names": ["train.dataset"]})
