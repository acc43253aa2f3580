"""A faulty server and replies of every kind: all is accounted for, and what is kept needs no mending."""

import hashlib
from collections import Counter
from itertools import product

from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.generate.budget import Budget
from lf_qwen3.data.row_defects import find_other_template
from lf_qwen3.proof.check.check_datasets import check
from tests.data.generate.distilled import ROWS, read, write
from tests.data.generate.labelled_replies import read_labelled
from tests.data.generate.scripted_server import Scripted, chat, question_of, stream
from tests.data.generate.test_client_faults import FAULTS

REPLIES = {
    reply.question: reply
    for reply in read_labelled()
    if not reply.hinted and reply.finish != "none" and not find_other_template(reply.question)
}
EDITS = (
    lambda text: text.upper(),
    lambda text: text.replace(" ", "  "),
    lambda text: text.replace("Please explain", "Explain"),
    lambda text: text.replace("widely.", "widely?"),
    lambda text: text.replace("so widely", "widely"),
    lambda text: text.replace("how the", "how teh"),
    lambda text: text.replace("became", "becomes"),
    lambda text: f"Hello! {text}",
    lambda text: text.replace("explain", "explain to me"),
    lambda text: text.replace(".", "").replace("Please", "please,"),
)


def test_what_is_kept_of_a_faulty_server_needs_no_mending(run, server, tmp_path):
    kinds = list(FAULTS.values())

    def script(body, tries):
        reply = REPLIES[question_of(body)]
        number = int(hashlib.sha256(f"{reply.question} {tries}".encode()).hexdigest(), 16)
        if number % 5 == 0:
            return kinds[number // 5 % len(kinds)]
        if number % 3 or not reply.answer:
            return Scripted(chat(reply.answer, reply.finish, reasoning=reply.thinking))
        return Scripted(stream(reply.answer, reply.finish, reasoning=reply.thinking))

    server.script = script
    folders = []
    for mode, is_matched in product(("thinking", "plain"), (True, False)):
        rows = [
            {"question": reply.question, "answer": reply.reference}
            if is_matched
            else {"prompt": reply.question}
            for reply in REPLIES.values()
            if (reply.mode, bool(reply.reference)) == (mode, is_matched)
        ]
        folders.append(f"{mode}-{is_matched}")
        report = run(rows, to=folders[-1], modes=(mode,), concurrency=32)
        assert (report.rows, report.unanswered) == (len(rows), 0)
        assert report.read == report.kept + report.refused.total() == len(rows)
    assert sum(server.sent.values()) > 1.1 * len(server.sent)
    sources = tuple(str(tmp_path / name) for name in folders)
    converted = convert(ConvertOptions(sources, "set", tmp_path / "data"))
    assert (converted.rejected, converted.repaired) == ({}, {})
    assert (converted.read, converted.duplicates) == (len(read(tmp_path / "data/set_train.jsonl")), 0)
    findings = check(tmp_path / "data", ["set_train"]).findings
    assert {finding.code for finding in findings} <= {"short_answer"}  # "42" is right, and short
    assert converted.read > 150


def test_a_run_in_both_modes_sends_as_many_requests_as_it_may(run, server):
    for most in (1, 3, 5):
        report = run(modes=("thinking", "plain"), budget=Budget(max_requests=most), to=f"out{most}")
        assert (report.sent, report.kept, report.unanswered) == (most, most, 6 - most)
    assert len(server.bodies) == 1 + 3 + 5
    assert Counter(question_of(body) for body in server.bodies)[ROWS[0]["question"]] >= 3


def test_a_hundred_edited_copies_of_held_out_rows_are_refused(run, server, tmp_path):
    subjects = ("bridge", "river", "poem", "wine", "engine", "garden", "castle", "planet", "violin", "fjord")
    places = ("Bonn", "Lyon", "Turin", "Porto", "Krakow", "Ghent", "Malmo", "Graz", "Split", "Riga")
    texts = [
        f"Please explain how the {subject} of {place} became known so widely."
        for subject in subjects
        for place in places
    ]
    held_out = write(tmp_path / "test.jsonl", [{"question": text, "answer": "Ok then."} for text in texts])
    copies = [EDITS[number % len(EDITS)](text) for number, text in enumerate(texts)]
    assert not set(copies) & set(texts)
    report = run([{"question": text, "answer": "Ok then."} for text in copies], held_out=(held_out,))
    assert (report.refused["leak"], report.kept, len(server.bodies)) == (100, 0, 0)
