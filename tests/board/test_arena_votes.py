"""Section Arena: questions that are drawn, blind votes, and what `compare` reads of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lf_qwen3.base.errors import UsageError
from lf_qwen3.board.handlers import arena
from lf_qwen3.board.handlers.arena import TIE, ArenaRound
from lf_qwen3.board.handlers.arena_model import Way
from lf_qwen3.board.handlers.sampling import find
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import texts

RUN = "saves/tiny/lora/run"


def code(name):
    return lambda error: error.code == name


def made_round(question="q?", reference="", seed=0, **texts_of):
    """Return an answered round: base_thinking="..." and so on, in this order."""
    ways = [Way(*name.replace("non_", "non-").split("_")) for name in texts_of]
    asked: Any = {"question": question, "system": "", "history": [], "reference": reference}
    answers: Any = {
        label: {
            **way._asdict(),
            "state": "done",
            "prompt": f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n",
            "text": text,
            "tokens": 3,
            "seconds": 0.1,
            "is_cut": False,
        }
        for label, way, text in zip("ABCD", ways, texts_of.values(), strict=False)
    }
    dealt = {label: (way, find("thinking")) for label, way in zip("ABCD", ways, strict=False)}
    return ArenaRound(RUN, seed, asked, dealt, answers)


def test_compare_reads_the_votes_and_prints_the_win_rate(here):
    from lf_qwen3.cli.compare import command

    for number, best in enumerate(("tuned", "tuned", "base", TIE)):
        four = {
            "tuned_thinking": "a",
            "base_thinking": "b",
            "base_non_thinking": "c",
            "tuned_non_thinking": "d",
        }
        arena_round = made_round(f"question {number}?", "the reference" * (number % 2), **four)
        label = TIE if best == TIE else "A" if best == "tuned" else "B"
        counts = arena.vote(arena_round, label)
    assert (counts["votes"], counts["ties"], counts["pairs"]) == (4, 1, 5)  # the tie is one of both modes
    ways = {(way["model"], way["mode"]): (way["best"], way["shown"]) for way in counts["ways"]}
    assert ways["tuned", "thinking"] == (2, 4)
    assert ways["base", "thinking"] == (1, 4)
    html = render("arena/counts", texts("en"), state=counts)
    assert f"{counts['folder']}/base {counts['folder']}/tuned" in html

    folder = Path(counts["folder"])
    words = [str(folder / "base"), str(folder / "tuned"), "--judge-import", str(folder / arena.VERDICTS)]
    printed = CliRunner().invoke(command, words)
    assert "judge: win 40.0%" in printed.output
    assert "of 5 rows" in printed.output
    as_json = json.loads(CliRunner().invoke(command, [*words, "--json"]).stdout)["judge"]
    assert as_json["missing"] == 0
    assert not as_json["problems"]
    assert [as_json[name]["value"] for name in ("win", "tie", "loss")] == pytest.approx([0.4, 0.4, 0.2])


def test_verdicts_are_on_two_runs(here):
    from lf_qwen3.results.compare import compare

    for name in "abc":
        row = {"prompt": "p", "predict": name, "label": "l"}
        Path(f"{name}.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    with pytest.raises(UsageError, check=code("option_conflict")):
        compare("a.jsonl", "b.jsonl", "c.jsonl", judge_import="verdicts.jsonl")


def test_a_vote_between_thinking_and_not_decides_nothing_about_the_tuning(here):
    counts = arena.vote(made_round(loaded_thinking="a", loaded_non_thinking="b"), "B")
    assert (counts["votes"], counts["pairs"]) == (1, 0)
    assert [file.name for file in Path(counts["folder"]).iterdir()] == [arena.VOTES]


@pytest.mark.parametrize("label", ["C", "a", "tuned", "../x", "", None])
def test_a_vote_for_a_strangers_name_is_refused(here, label):
    with pytest.raises(UsageError, check=code("nothing_chosen")):
        arena.vote(made_round(base_thinking="a", tuned_thinking="b"), label)
    assert not Path("saves").exists()


def test_a_question_has_one_vote(here):
    arena_round = made_round(base_thinking="a", tuned_thinking="b")
    assert arena.show_answer(arena_round, "A")["model"] == ""
    arena.vote(arena_round, "A")
    shown = arena.show_answer(arena_round, "A")
    assert (shown["model"], shown["mode"], shown["is_best"]) == ("base", "thinking", True)
    with pytest.raises(UsageError, check=code("no_vote_open")):
        arena.vote(arena_round, "B")
    for nothing in (None, ArenaRound(RUN, 0, arena_round.asked, arena_round.ways)):
        with pytest.raises(UsageError, check=code("no_vote_open")):
            arena.vote(nothing, TIE)


def test_votes_are_bounded_and_stay_inside(here, monkeypatch):
    arena.vote(made_round(base_thinking="a", tuned_thinking="b"), "A")
    monkeypatch.setattr(arena, "MOST_BYTES", 10)
    with pytest.raises(UsageError, check=code("file_too_large")):
        arena.vote(made_round(base_thinking="a", tuned_thinking="b"), "A")
    Path("saves/arena/x").symlink_to(here.parent)
    with pytest.raises(UsageError, check=code("path_outside")):
        arena.votes_folder("x/run")


def registered(here, rows):
    (here / "data").mkdir()
    (here / "data" / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    entry = {"file_name": "rows.jsonl", "formatting": "sharegpt", "columns": {"messages": "conversations"}}
    (here / "data" / "dataset_info.json").write_text(json.dumps({"mine_test": entry}), "utf-8")


def test_a_question_is_drawn_with_its_reference_and_what_stands_before_it(here):
    turns = [
        ("human", "first"),
        ("gpt", "one"),
        ("human", "second?"),
        ("gpt", "<think>\nwhy\n</think>\n\ntwo"),
    ]
    registered(here, [{"conversations": [{"from": role, "value": text} for role, text in turns]}])
    drawn = arena.draw_question("mine_test", "data", seed=0)
    assert drawn["question"] == "second?"
    assert drawn["reference"] == turns[-1][1]
    assert [turn["content"] for turn in drawn["history"]] == ["first", "one"]
    for dataset, folder in ((None, "data"), ("no_such", "data"), ("mine_test", "/etc"), ("../x", "data")):
        with pytest.raises(UsageError):
            arena.draw_question(dataset, folder)


def test_html_in_an_answer_is_text(here):
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    arena_round = made_round(base_thinking=f"<think>\n{bad}\n</think>\n\n{bad}", tuned_thinking="b")
    for language in ("en", "zh"):
        html = render("arena/answer", texts(language), state=arena.show_answer(arena_round, "A"))
        assert "<script" not in html
        assert "<img" not in html
