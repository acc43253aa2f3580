"""distil: what is asked, what is kept of the replies, and the folder that convert takes."""

import json
from collections import Counter

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.generate.budget import Budget
from lf_qwen3.proof.check.check_datasets import check
from tests.data.generate.distilled import ROWS, obey, read, write
from tests.data.generate.scripted_server import Scripted, chat, http, question_of, stream


def balance(report):
    assert report.read == report.kept + report.refused.total() + report.unanswered
    refused = read(report.folder / "rows.refused.jsonl")
    assert Counter(row["code"] for row in refused) == report.refused
    assert len(read(report.folder / "rows.jsonl")) == report.kept


def test_both_modes_are_kept_and_convert_has_nothing_to_mend(run, tmp_path):
    report = run(modes=("thinking", "plain"))
    balance(report)
    assert (report.kept, report.thinking, report.plain, report.matchable, report.rows) == (6, 3, 3, 2, 3)
    rows = read(tmp_path / "out/rows.jsonl")
    assert rows[0]["messages"][1] == {
        "role": "assistant",
        "reasoning_content": "Let me see.",
        "content": "So we get 42.",
    }
    assert (rows[1]["meta"]["mode"], rows[1]["meta"]["matched"], rows[4]["meta"]["matched"]) == (
        "plain",
        True,
        None,
    )
    converted = convert(ConvertOptions((str(tmp_path / "out"),), "set", tmp_path / "data"))
    assert (converted.read, converted.rejected, converted.repaired) == (6, {}, {})
    assert (converted.thinking, converted.plain) == (3, 3)
    assert list(converted.columns.values()) == [{"read": {"messages": 6, "meta": 6}, "left": {}}]
    assert check(tmp_path / "data", ["set_train"]).findings == []


def test_generated_rows_are_never_held_out(run, tmp_path):
    run(
        [
            {"question": f"How many are {number} and {number}?", "answer": str(2 * number)}
            for number in range(40)
        ],
        keep="all",
    )
    human = [
        {"question": f"Who was king number {number}?", "answer": f"King {number}."} for number in range(20)
    ]
    sources = (str(tmp_path / "out"), write(tmp_path / "human.jsonl", human))
    converted = convert(ConvertOptions(sources, "set", tmp_path / "data", val=0.2, test=5))
    held_out = [row for split in ("val", "test") for row in read(tmp_path / f"data/set_{split}.jsonl")]
    assert len(held_out) == 9
    assert all("king" in json.dumps(row) for row in held_out)
    assert "generated_rows" in [getattr(warning, "code", "") for warning in converted.warnings]
    with pytest.raises(UsageError) as error:
        convert(ConvertOptions(sources[:1], "other", tmp_path / "data", val=0.2))
    assert error.value.code == "only_generated_rows"


def test_samples_that_disagree_are_refused_and_the_best_is_the_shortest(run, server):
    answers = ["42", "It is 42, as I said.", "41"]
    server.script = lambda body, tries: obey(body, answer=f"Well, {answers[body['seed'] - 42]}")
    report = run(ROWS[:1], samples=3)
    assert (report.kept, dict(report.refused)) == (2, {"no_match": 1})
    report = run(ROWS[:1], samples=3, keep="best")
    assert (report.kept, dict(report.refused), report.sent) == (1, {"no_match": 1, "not_best": 1}, 0)
    assert read(report.folder / "rows.jsonl")[0]["messages"][1]["content"] == "Well, 42"
    report = run(ROWS[:1], samples=3, keep="all")
    assert (report.kept, report.sent) == (3, 0)
    balance(report)


def test_rows_without_a_comparable_answer_are_not_asked_where_all_must_agree(run, server):
    report = run(keep="agree")
    assert (report.kept, dict(report.refused), report.sent) == (2, {"not_matchable": 1}, 2)
    balance(report)


def test_a_hint_is_given_where_no_sample_came_to_the_answer(run, server):
    def script(body, tries):
        return obey(
            body, answer="We multiply and get 42." if "right answer is" in question_of(body) else "It is 41."
        )

    server.script = script
    report = run(ROWS[:1], samples=2, hint=True)
    assert (report.kept, dict(report.refused), report.read) == (1, {"no_match": 2}, 3)
    row = read(report.folder / "rows.jsonl")[0]
    assert (row["messages"][0]["content"], row["meta"]["hinted"], row["meta"]["method"]) == (
        ROWS[0]["question"],
        True,
        "hint",
    )
    balance(report)


def test_a_hint_that_is_quoted_is_refused(run, server):
    server.script = lambda body, tries: obey(
        body, answer="The provided answer is 42." if "right answer is" in question_of(body) else "It is 41."
    )
    assert dict(run(ROWS[:1], hint=True).refused) == {"no_match": 1, "mentions_reference": 1}


def test_a_judge_compares_free_texts(run, server):
    def script(body, tries):
        if "answer 2" in question_of(body):
            return Scripted(
                stream(
                    '{"same": true}'
                    if "Rhine" in question_of(body).split("answer 2")[1]
                    else '{"same": false}'
                )
            )
        return obey(body)

    server.script = script
    report = run(ROWS[2:], match="judge")
    assert (report.kept, report.sent) == (1, 2)
    server.script = lambda body, tries: (
        script(body, tries) if "answer 2" in question_of(body) else obey(body, answer="A town.")
    )
    report = run(ROWS[2:], to="other", match="judge")
    assert (report.kept, dict(report.refused)) == (0, {"no_match": 1})


def test_the_run_stops_where_the_server_ignores_the_switch(run, server):
    server.script = lambda body, tries: Scripted(stream("Yes, it is."))
    rows = [{"question": f"Is {number} a number?"} for number in range(50)]
    with pytest.raises(LfQwen3Error) as error:
        run(rows)
    assert (error.value.code, len(server.bodies)) == ("mode_ignored", 8)


def test_a_switch_that_is_ignored_shows_in_eight_replies_however_many_fail(run, server):
    server.script = lambda body, tries: Scripted(
        http(500, "") if "4 a" in question_of(body) else stream("Yes, it is.")
    )
    rows = [{"question": f"Is {number} a number?"} for number in range(50)]
    with pytest.raises(LfQwen3Error) as error:
        run(rows)
    assert (error.value.code, len(server.sent)) == ("mode_ignored", 9)
    server.script = lambda body, tries: obey(body) if "7 a" in question_of(body) else Scripted(stream("Yes."))
    report = run(rows, to="other")
    assert (report.kept, report.refused["mode_ignored"]) == (5, 45)


def test_every_row_is_accounted_for(run, server, tmp_path):
    held_out = write(
        tmp_path / "test.jsonl",
        [{"question": "Tell me, what is the capital of Iceland?", "answer": "Reykjavik."}],
    )
    rows = [
        {"question": "Tell me what is the capital of Iceland?", "answer": "R."},
        {"question": "Is this fine?", "answer": "Yes, it is."},
        {"question": "Is this  fine?", "answer": "Yes, it is."},
        {"question": "", "answer": "Yes."},
        {"question": "Will it be cut?", "answer": "No."},
        {"question": "Will it say nothing?", "answer": "No."},
        {"question": "Is it too long?", "answer": "No."},
        {"question": "Does it fail?", "answer": "No."},
        {
            "messages": [
                {"role": "user", "content": "Is there a tool?"},
                {"role": "assistant", "content": "Yes."},
            ],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        },
    ]
    odd = {
        "cut": Scripted(stream("No, it", finish="length", reasoning="x")),
        "nothing": Scripted(chat(None, reasoning="x")),
        "too long": Scripted(http(400, "context length")),
        "fail": Scripted(http(500, "oops")),
    }
    server.script = lambda body, tries: next(
        (say for key, say in odd.items() if key in question_of(body)), obey(body)
    )
    report = run(rows[:8], held_out=(held_out,), concurrency=1)
    balance(report)
    assert dict(report.refused) == {
        "leak": 1, "duplicate": 1, "empty_question": 1, "cut": 1, "empty_answer": 1, "refused_by_server": 1,
    }  # fmt: skip
    assert (report.kept, report.unanswered, report.rows) == (1, 1, 8)
    assert dict(run(rows[8:], to="tools").refused) == {"has_tools": 1}


def test_the_same_journal_gives_the_same_bytes(run, tmp_path):
    run(modes=("thinking", "plain"), budget=Budget(max_requests=4))
    run(modes=("thinking", "plain"))
    run(modes=("thinking", "plain"), to="unbroken")
    for name in ("rows.jsonl", "rows.refused.jsonl", "rows.manifest.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "unbroken" / name).read_bytes()


def test_what_was_refused_is_asked_again_with_another_seed(run, server, tmp_path):
    server.script = lambda body, tries: obey(body, answer="It is 42." if body["seed"] > 99 else "It is 41.")
    for again, kept, sent, tokens in ((), 0, 1, 20), (("cut",), 0, 0, 20), (("no_match",), 1, 1, 40):
        report = run(ROWS[:1], again=again)
        assert (report.kept, report.sent, report.tokens_out) == (kept, sent, tokens)
    balance(report)
    before = (tmp_path / "out/rows.jsonl").read_bytes()
    assert (run(ROWS[:1]).sent, (tmp_path / "out/rows.jsonl").read_bytes()) == (0, before)
    assert read(tmp_path / "out/rows.jsonl")[0]["meta"]["sample"] == 0
    with pytest.raises(UsageError) as error:
        run(ROWS[:1], again=("cutt",))
    assert "cut" in error.value.hint


def test_what_a_server_refused_may_be_asked_again(run, server):
    server.script = lambda body, tries: (
        Scripted(http(400, "too long")) if "Bonn" in question_of(body) and tries == 1 else obey(body)
    )
    assert dict(run(concurrency=1).refused) == {"refused_by_server": 1}
    assert (run(again=("refused_by_server",)).kept, server.sent.total()) == (3, 4)


def test_questions_alone_may_be_asked(run):
    assert run([{"prompt": "Is it so?"}]).kept == 1
    assert run([{"messages": [{"role": "user", "content": "Is it so?"}]}], to="other").kept == 1


def test_a_folder_of_somebody_else_is_left_alone(run, tmp_path):
    (tmp_path / "out").mkdir()
    write(tmp_path / "out/rows.jsonl", [])
    with pytest.raises(UsageError) as error:
        run()
    assert error.value.code == "file_not_own"
