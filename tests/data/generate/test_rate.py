"""rate: a judge is believed as far as the planted answers and the labels of the user allow."""

import json

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.generate.model_reply import ModelReply
from lf_qwen3.data.generate.options import ServerOptions
from lf_qwen3.data.generate.rate import RateOptions, estimate_ratings, export_ratings, rate
from lf_qwen3.data.generate.rating import CRITERIA, compute_spearman, read_rating
from lf_qwen3.qwen3.thinking import frame
from tests.data.generate.distilled import answer_batch, read, write
from tests.data.generate.scripted_server import Scripted, question_of, stream

ROWS = [
    {
        "question": f"How old is number {n}?",
        "answer": frame("I count.", f"It is {n} years old, quality {n % 5 + 1}."),
    }
    for n in range(100)
]


def rated(score):
    text = json.dumps({name: {"reason": "so", "score": score} for name in CRITERIA})
    return Scripted(stream(f"Here it is: {text}"))


def honest(body, tries):
    """Rate by the quality that an answer names; an answer to another question is bad."""
    text = question_of(body)
    asked, answer = text.split("number ")[1].split("?")[0], text.split("It is ")[1]
    return rated(int(answer.split("quality ")[1][0]) if answer.startswith(f"{asked} ") else 1)


@pytest.fixture
def run(server, tmp_path):
    server.script = honest
    source = write(tmp_path / "source.jsonl", ROWS)

    def go(**options):
        chosen = RateOptions((source,), tmp_path / "out", **options)
        return rate(chosen, ServerOptions(server.url, "judge", concurrency=32))

    return go


def test_a_ranking_keeps_its_top_and_convert_takes_it(run, tmp_path, server):
    report = run(top=0.4)
    assert (report.kept, dict(report.refused), report.threshold) == (40, {"low_rating": 60}, 4.0)
    assert (report.fit, report.planted, report.thinking) == (True, 5, 40)
    assert len(server.bodies) == 105
    ratings = read(tmp_path / "out/rows.ratings.jsonl")
    assert (len(ratings), ratings[0]["mean"], ratings[-1]["mean"], ratings[0]["reasons"]["safe"]) == (
        100,
        5,
        1,
        "so",
    )
    converted = convert(ConvertOptions((str(tmp_path / "out"),), "set", tmp_path / "data", val=0.1))
    assert (converted.read, converted.rejected, converted.repaired, converted.thinking) == (40, {}, {}, 40)


def test_a_judge_that_likes_everything_is_unfit_and_filters_nothing(run, server):
    server.script = lambda body, tries: rated(4)
    report = run(top=0.4)
    assert (report.fit, report.kept, report.threshold, len(report.warnings)) == (False, 100, None, 1)


def test_labels_set_the_threshold(run, tmp_path):
    lines = [f"{n + 1},{n % 5 + 1}" for n in range(40)]
    (tmp_path / "labels.csv").write_text("row,label\n" + "\n".join(lines))
    report = run(labels=tmp_path / "labels.csv")
    assert (report.spearman, report.threshold, report.kept) == (pytest.approx(1), 4.0, 40)


def test_a_rating_that_cannot_be_read_is_refused(run, server):
    server.script = lambda body, tries: (
        Scripted(stream("Good!")) if "number 7?" in question_of(body) else honest(body, tries)
    )
    report = run()
    assert (report.kept, dict(report.refused), report.unanswered) == (99, {"not_judged": 1}, 0)


@pytest.mark.parametrize(
    ("text", "code"),
    [("row,label\n1,2\n", "too_few_labels"), ("a,b\n1,2\n", "labels_unreadable"), (None, "file_missing")],
)
def test_labels_that_are_none(run, tmp_path, text, code):
    if text:
        (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(UsageError) as error:
        run(labels=tmp_path / "labels.csv")
    assert error.value.code == code


def test_the_last_whole_rating_of_a_reply_counts():
    def text(score):
        return json.dumps({name: {"reason": "{so}", "score": score} for name in CRITERIA})

    assert read_rating(ModelReply(f"{text(2)} no: {text(3)} {{broken")).mean == 3
    assert read_rating(ModelReply(text(9))) is None
    assert read_rating(ModelReply(frame(text(1), "none"))) is None


def test_a_batch_of_ratings_goes_out_and_comes_back(tmp_path):
    options = RateOptions((write(tmp_path / "source.jsonl", ROWS),), tmp_path / "out", top=0.4)
    nowhere = ServerOptions("http://127.0.0.1:9", "judge")
    estimate = estimate_ratings(options, nowhere)
    assert (estimate.requests, estimate.later, (tmp_path / "out").exists()) == (105, 0, False)
    batch = export_ratings(options, nowhere, tmp_path / "batch.jsonl")
    done = answer_batch(batch.files, honest, tmp_path / "done.jsonl")
    report = rate(options, nowhere, batch_import=(done,))
    assert (batch.requests, report.kept, report.fit, report.sent) == (105, 40, True, 0)
    assert export_ratings(options, nowhere, tmp_path / "rest.jsonl").requests == 0


def test_the_rank_correlation():
    assert compute_spearman([1, 2, 3, 4], [10, 20, 30, 40]) == pytest.approx(1)
    assert compute_spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    assert compute_spearman([1, 2, 2, 3], [1, 3, 2, 4]) == pytest.approx(0.9487, abs=1e-4)
    assert compute_spearman([1, 1], [1, 2]) is None


def test_the_command(server, tmp_path, lf):
    server.script = honest
    source = write(tmp_path / "source.jsonl", ROWS)
    code, out, _ = lf(
        "rate", source, "--url", server.url, "--model", "j", "--to", str(tmp_path / "out"), "--top", "0.4"
    )
    assert code == 0
    assert "kept: mean rating of 4.0 or more" in out
    assert "planted wrong answers" in out
    nowhere = ["rate", source, "--url", "http://127.0.0.1:9", "--model", "j", "--to", str(tmp_path / "other")]
    assert "105 requests" in lf(*nowhere, "--dry-run")[1]
    assert "105 requests in" in lf(*nowhere, "--batch-export", str(tmp_path / "batch.jsonl"))[1]
    code, _, err = lf(*nowhere, "--batch-import", str(tmp_path / "none.jsonl"))
    assert (code, "none.jsonl" in err) == (2, True)
