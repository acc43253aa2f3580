"""augment: new questions alone are kept, and only where their answers hold."""

import json
import re

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.generate.augment import augment, estimate_questions, export_questions
from lf_qwen3.data.generate.budget import Budget
from lf_qwen3.data.generate.evolve import OPERATIONS, copies_prompt, read_question
from lf_qwen3.data.generate.model_reply import ModelReply
from lf_qwen3.data.generate.new_questions import AugmentOptions
from lf_qwen3.data.generate.options import DistilOptions, ServerOptions
from lf_qwen3.data.generate.passages import PassageIndex, read_passages
from lf_qwen3.qwen3.thinking import frame
from tests.data.generate.distilled import answer_batch, obey, read, write
from tests.data.generate.scripted_server import Scripted, question_of, stream

SEEDS = [{"question": f"What is {n} plus {n}?", "answer": str(2 * n)} for n in range(6)]
WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heath",
    "islet",
    "jetty",
    "knoll",
    "lagoon",
)


def is_writing(body):
    return body["messages"][0]["content"].startswith("You write questions")


def question(number):
    """A question that is like no other."""
    first, second = WORDS[number % 12], WORDS[number // 12 % 12]
    return f"How does the {first} of number {number} differ from the {second} of {first * 3} {number * 7919}?"


def write_question(body, text, **more):
    return Scripted(stream(json.dumps({"question": text} | more)))


@pytest.fixture
def run(server, tmp_path):
    source = write(tmp_path / "seeds.jsonl", SEEDS)

    def go(rows=20, method="evol", corpus=None, to="out", budget=None, rounds=1, **answering):
        options = DistilOptions((source,), tmp_path / to, **({"keep": "all"} | answering))
        place = ServerOptions(server.url, "m", concurrency=8, budget=budget or Budget())
        return augment(AugmentOptions(options, rows, method, corpus, rounds), place)

    return go


def number_of(body):
    return body["seed"] - 42


def write_new(body, answer=""):
    """Write a question that is like no other, or answer one."""
    if is_writing(body):
        return write_question(body, question(number_of(body)), answer=answer)
    return obey(body, answer=answer)


def test_evolved_questions_are_answered_and_convert_takes_them(run, server, tmp_path):
    def script(body, tries):
        if is_writing(body):
            return write_question(body, question(number_of(body)))
        return Scripted(stream('{"new": true}')) if "two questions" in str(body) else obey(body)

    server.script = script
    report = run()
    assert (report.kept, report.read, report.unanswered) == (25, 25, 0)
    asked = " ".join(body["messages"][0]["content"] for body in server.bodies if is_writing(body))
    assert all(operation in asked for operation in OPERATIONS.values())
    row = read(tmp_path / "out/rows.jsonl")[0]
    assert (row["meta"]["method"], row["meta"]["source"], row["messages"][1]["reasoning_content"]) == (
        "evol",
        "evol",
        "Let me see.",
    )
    sent = len(server.bodies)
    before = (tmp_path / "out/rows.jsonl").read_bytes()
    assert (run().kept, len(server.bodies), (tmp_path / "out/rows.jsonl").read_bytes()) == (25, sent, before)
    converted = convert(ConvertOptions((str(tmp_path / "out"),), "set", tmp_path / "data"))
    assert (converted.read, converted.rejected, converted.repaired) == (25, {}, {})


def test_what_is_sound_is_evolved_further_and_the_rest_goes_back(run, server):
    def script(body, tries):
        if "two questions" in str(body):
            return Scripted(stream('{"new": true}'))
        if is_writing(body):
            number = number_of(body)
            text = "What is 0 plus 0?" if number == 4 else question(number)  # 4 brings nothing new
            return write_question(body, text)
        return obey(
            body, answer="Sorry, I cannot help with that." if "number 7 " in question_of(body) else ""
        )

    server.script = script
    report = run(rows=6, rounds=3)
    asked = {number_of(body): question_of(body) for body in server.bodies if is_writing(body)}
    assert len(asked) == 9
    assert SEEDS[0]["question"] in asked[0]
    assert question(0) in asked[1]
    assert question(1) in asked[2]
    assert SEEDS[1]["question"] in asked[3]
    assert question(3) in asked[4]
    assert question(3) in asked[5]  # the one between was a copy
    assert question(6) in asked[7]
    assert question(6) in asked[8]  # the answer to the one between was a refusal
    rows = read(report.folder / "rows.jsonl")
    assert {row["meta"]["row"]: row["meta"]["round"] for row in rows} == {
        1: 1, 2: 2, 3: 3, 4: 1, 6: 2, 7: 1, 9: 2,
    }  # fmt: skip
    assert (dict(report.refused), report.unanswered) == ({"copy": 1, "refusal": 1}, 0)
    sent = len(server.bodies)
    assert (run(rows=6, rounds=3).kept, len(server.bodies)) == (7, sent)


def test_a_later_round_waits_for_the_one_before(run, server):
    server.script = lambda body, tries: (
        write_question(body, question(number_of(body))) if is_writing(body) else obey(body)
    )
    report = run(rows=6, rounds=2, budget=Budget(max_requests=6))
    assert {number_of(body) % 2 for body in server.bodies if is_writing(body)} == {0}
    assert report.read == report.kept + report.refused.total() + report.unanswered
    assert run(rows=6, rounds=2).kept >= 6


def test_only_evolved_questions_have_rounds(run):
    with pytest.raises(UsageError) as error:
        run(method="cot", rounds=2)
    assert error.value.code == "option_conflict"


def test_batches_bring_the_questions_and_then_their_answers(tmp_path):
    def script(body, tries):
        return write_question(body, question(number_of(body))) if is_writing(body) else obey(body)

    answering = DistilOptions(
        (write(tmp_path / "seeds.jsonl", SEEDS),), tmp_path / "out", ("plain",), keep="all"
    )
    options = AugmentOptions(answering, 4)
    nowhere = ServerOptions("http://127.0.0.1:9", "m", dialect="vllm")
    estimate = estimate_questions(options, nowhere)
    assert (estimate.requests, estimate.later, (tmp_path / "out").exists()) == (8, 16, False)
    for step, kept in enumerate((0, 0, 8)):  # questions, comparisons, answers
        batch = export_questions(options, nowhere, tmp_path / f"batch{step}.jsonl")
        assert batch.requests == 8
        done = answer_batch(batch.files, script, tmp_path / f"done{step}.jsonl")
        report = augment(options, nowhere, batch_import=(done,))
        assert (report.kept, report.sent, report.stopped) == (kept, 0, "")
    assert export_questions(options, nowhere, tmp_path / "rest.jsonl").requests == 0


def test_what_is_not_new_is_refused(run, server, tmp_path):
    texts = {
        0: "What is  3 plus 3?",  # a seed
        1: question(2),
        2: question(2),  # the one before
        3: "#Rewritten Prompt#: What is seven?",
        4: "Ask for more depth or a wider view of the same matter: seven?",
        5: "Tell me the name of the harbour town on the northern coast.",  # held out
        6: question(6),  # nothing new, says the judge
    }
    held_out = write(tmp_path / "test.jsonl", [{"question": texts[5], "answer": "x y z"}])

    def script(body, tries):
        if is_writing(body):
            number = number_of(body)
            return (
                Scripted(stream("I will not."))
                if number == 7
                else write_question(body, texts.get(number, question(number)))
            )
        if "two questions" in str(body):
            return Scripted(stream(json.dumps({"new": texts[6] not in question_of(body)})))
        return obey(body)

    server.script = script
    report = run(rows=8, held_out=(held_out,))
    refused = {"copy": 2, "template_text": 2, "leak": 1, "no_gain": 1, "not_a_question": 1}
    assert {code: report.refused[code] for code in refused} == refused
    assert report.read == report.kept + report.refused.total() + report.unanswered
    assert report.kept >= 8


def test_an_invented_question_is_kept_where_most_answers_agree(run, server):
    def script(body, tries):
        if is_writing(body):
            number = number_of(body)
            answer = "it depends on many things, far too many to name" if number == 1 else "12"
            return write_question(body, question(number), plan="p", answer=answer)
        number = int(re.search(r"number (\d+)", question_of(body))[1])
        is_right = body["seed"] - 42 < (1 if number == 0 else 2)
        return obey(body, answer="It is 12." if is_right else "It is 13.")

    server.script = script
    report = run(rows=3, method="cot", samples=3, keep="best")
    assert (report.refused["not_matchable"], report.refused["no_majority"], report.kept) == (1, 1, 6)
    assert report.refused["no_match"] == 2 + 6


def test_passages_of_a_corpus_become_questions(run, server, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.md").write_text(
        "The sum of two numbers is found by what is plus. " * 5 + "\n\n" + "Bees dance. " * 90
    )
    (corpus / "b.txt").write_text("The river Rhine is long and it flows past Bonn and Cologne. " * 4)
    server.script = lambda body, tries: (
        write_question(body, question(number_of(body)), answer="12")
        if is_writing(body)
        else obey(body, answer="12")
    )
    report = run(rows=4, method="craft", corpus=corpus)
    rows = read(report.folder / "rows.jsonl")
    assert report.kept == len(rows) >= 4
    assert {row["meta"]["passage"][:7] for row in rows} <= {"The sum", "The riv"}
    assert "passage" in question_of(server.bodies[0])


def test_without_texts_there_is_no_craft(run, tmp_path):
    for corpus in (None, tmp_path / "nothing"):
        with pytest.raises(UsageError) as error:
            run(method="craft", corpus=corpus)
        assert error.value.code == "corpus_missing"


def test_a_pool_that_is_mined_out_ends_the_run(run, server):
    server.script = lambda body, tries: write_question(body, "Is it so?") if is_writing(body) else obey(body)
    report = run(rows=170)
    assert (report.kept, report.refused["copy"], len(report.warnings)) == (1, 212, 1)


def test_a_limit_ends_the_run_and_all_is_counted(run, server):
    server.script = lambda body, tries: (
        write_question(body, question(number_of(body))) if is_writing(body) else obey(body)
    )
    report = run(budget=Budget(max_requests=30))
    assert report.stopped == "--max-requests"
    assert report.read == report.kept + report.refused.total() + report.unanswered
    assert report.unanswered > 0


def test_the_passages_that_fit_come_first():
    index = PassageIndex(["Bees dance in the hive.", "The Rhine flows past Bonn.", "波恩在莱茵河边。"])
    assert index.find_nearest("Which river flows past Bonn?", 1) == ["The Rhine flows past Bonn."]
    assert index.find_nearest("莱茵河边有什么？", 1) == ["波恩在莱茵河边。"]


def test_long_texts_are_cut_into_passages(tmp_path):
    (tmp_path / "a.txt").write_text("\n\n".join(["x" * 700] * 5) + "\n\nshort")
    assert [len(passage) for passage in read_passages(tmp_path / "a.txt")] == [1402, 1402, 707]


def test_the_reply_holds_one_question():
    assert read_question(ModelReply('Fine: {"question": " Is it? ", "answer": 4}')) == ("Is it?", "4")
    assert read_question(ModelReply('{"question": ""}')) is None
    assert read_question(ModelReply(frame('{"question": "no"}', "none"))) is None
    assert copies_prompt("so ask for more depth or a wider view of it")
    assert not copies_prompt("What is the depth of the lake?")


def test_the_command(server, tmp_path, lf):
    server.script = lambda body, tries: (
        write_question(body, question(number_of(body))) if is_writing(body) else obey(body)
    )
    command = [
        "augment",
        write(tmp_path / "seeds.jsonl", SEEDS),
        "--url",
        server.url,
        "--model",
        "m",
        "--to",
        str(tmp_path / "out"),
    ]
    code, out, err = lf(*command, "--rows", "3")
    assert (code, "no --held-out" in err) == (0, True)
    assert "kept" in out
    assert lf(*command, "--rows", "3", "--method", "craft")[0] == 2
    assert lf(*command, "--rows", "3", "--method", "magic")[0] == 2
    assert "requests may follow" in lf(*command, "--rows", "99", "--dry-run")[1]
    assert "requests in" in lf(*command, "--rows", "99", "--batch-export", str(tmp_path / "batch.jsonl"))[1]
