"""Scores: aligned with the rows, told by kind, with intervals that hold and do not change."""

import json
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.results.score import Prediction, interval, score_predictions
from lf_qwen3.results.score.findings import find_defects
from lf_qwen3.results.score.result import DEFECTS, FLAGS, KINDS, LENGTHS, METRICS, PARTS
from tests.needs import require

require("jieba", "rouge_chinese", "numpy")

ZH = "<|im_start|>user\n高血压怎么办？<|im_end|>\n<|im_start|>assistant\n"
EN = "<|im_start|>user\nWhat helps?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
R, A, E = "先看血压，再看饮食。", "少吃盐，多运动，每天监测血压。", "Eat less salt and walk every single day."

# predict, label: each row has one defect, or none
ROWS = {
    "good thinking": (ZH, frame(R, A), frame(R, A)),
    "good plain": (EN, E, E),
    "unclosed": (ZH, f"<think>\n{R}", frame(R, A)),
    "leaked": (EN, f"{E} <|fim_prefix|>", E),
    "loop": (ZH, frame(R, A + "、" * 60), frame(R, A)),
    "empty": (EN, "", E),
    "other language": (ZH, frame(R, E), frame(R, A)),
    "no thinking": (ZH, A, frame(R, A)),
}
PREDICTIONS = [Prediction(*texts, row) for row, texts in enumerate(ROWS.values(), 1)]
AT = {name: row for row, name in enumerate(ROWS)}


@pytest.fixture(scope="module")
def scores():
    return score_predictions(PREDICTIONS, workers=1)


def test_every_list_is_aligned_with_the_rows(scores):
    count = len(PREDICTIONS)
    assert scores.rows == list(range(1, count + 1))
    lists = [scores.kinds, *scores.flags.values(), *scores.lengths.values()]
    lists += [values for part in scores.metrics.values() for values in part.values()]
    assert {len(values) for values in lists} == {count}
    assert (set(scores.metrics), set(scores.metrics["both"])) == (set(PARTS), set(METRICS))
    assert (set(scores.flags), set(scores.lengths)) == (set(FLAGS), set(LENGTHS))


DEFECT_OF = {
    "unclosed": {"unclosed_thinking", "empty_answer", "cut"},
    "leaked": {"leaked_token"},
    "loop": {"repetition", "cut"},
    "empty": {"empty_answer"},
    "other language": {"wrong_language"},
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_its_defect_and_no_other(scores, name):
    found = {defect for defect in DEFECTS if scores.flags[defect][AT[name]]}
    assert found == DEFECT_OF.get(name, set())
    assert scores.flags["well_formed"][AT[name]] is (name not in ("unclosed", "no thinking"))


def test_the_answer_is_scored_apart_from_the_thinking(scores):
    answer, thinking = (scores.metrics[part]["rouge-l"] for part in ("answer", "thinking"))
    assert (round(answer[AT["good thinking"]]), round(thinking[AT["good thinking"]])) == (100, 100)
    assert (answer[AT["unclosed"]], round(thinking[AT["unclosed"]])) == (0, 100)
    assert (round(answer[AT["no thinking"]]), thinking[AT["no thinking"]]) == (100, 0)
    assert thinking[AT["good plain"]] is None


def test_the_summary_holds_the_means_of_the_rows_by_kind(scores):
    for part in PARTS:
        for kind in KINDS:
            for name in METRICS:
                values = zip(scores.metrics[part][name], scores.kinds, strict=True)
                own = [value for value, of in values if value is not None and kind in (of, "all")]
                figure = scores.summary.metrics[part][kind][name]
                assert figure.n == len(own)
                assert figure.value == (pytest.approx(statistics.fmean(own)) if own else None)
                assert figure.value is None or figure.low <= figure.value <= figure.high
    assert scores.summary.rows == {"thinking": 5, "plain": 3, "all": 8}
    assert scores.summary.rates["plain"]["empty_answer"].value == pytest.approx(1 / 3)


class Keeping(NoProgress):
    """Keeps what it is told."""

    def __init__(self, seen):
        self.seen = seen

    def update(self, status):
        self.seen.append(status)


def test_several_processes_and_one_give_the_same(scores):
    seen = []
    many = score_predictions(PREDICTIONS * 8, workers=2, progress=Keeping(seen))
    one = score_predictions(PREDICTIONS * 8, workers=1)
    assert many == one
    assert many.metrics["both"]["bleu-4"][: len(PREDICTIONS)] == scores.metrics["both"]["bleu-4"]
    assert seen[-1].done == seen[-1].total > 0
    assert [status.done for status in seen] == sorted(status.done for status in seen)
    assert {(status.phase, status.unit) for status in seen} == {("scoring", "bytes")}


def test_lengths_are_characters_without_a_tokenizer(scores):
    assert scores.length_unit == "characters"
    at = AT["good thinking"]
    assert [scores.lengths[name][at] for name in LENGTHS] == [len(R), len(A), len(R), len(A)]
    assert scores.lengths["thinking"][AT["good plain"]] is None
    assert scores.lengths["thinking"][AT["no thinking"]] == 0


def test_the_end_token_in_the_file_is_taken_as_evidence():
    rows = [
        Prediction(EN, f"{E}<|im_end|><|endoftext|>", f"{E}<|im_end|>\n", 1),
        Prediction(EN, f"{E} And then,", f"{E}<|im_end|>\n", 2),
    ]
    found = score_predictions(rows, workers=1)
    assert (found.cut_evidence, found.flags["cut"]) == ("end token", [False, True])
    assert found.flags["leaked_token"] == [False, False]
    bare = score_predictions([Prediction(EN, E, f"{E}\n", 1)], workers=1)
    assert found.metrics["both"]["bleu-4"][0] == bare.metrics["both"]["bleu-4"][0]


def test_special_tokens_do_not_count_in_the_metrics(scores):
    bare, kept = (
        score_predictions([Prediction(ZH, frame(R, A) + end, frame(R, A) + end, 1)], workers=1).metrics
        for end in ("", "<|im_end|>")
    )
    assert bare == kept


def test_findings_name_the_rows_and_a_cure(scores):
    found = {one.code: one for one in find_defects(scores)}
    assert set(found) == {"well_formed", *DEFECTS}
    assert found["well_formed"].rows == [AT["unclosed"] + 1, AT["no thinking"] + 1]
    assert found["repetition"].share == pytest.approx(1 / 8)
    assert all(one.hint and one.of for one in found.values())
    assert "guess" in found["cut"].message


def test_a_defect_in_less_than_one_row_of_a_hundred_is_no_finding():
    rows = [Prediction(EN, E, E, row) for row in range(1, 201)]
    assert find_defects(score_predictions(rows, workers=1)) == []
    rows[0] = Prediction(EN, f"{E} <|fim_prefix|>", E, 1)
    assert find_defects(score_predictions(rows, workers=1)) == []
    rows[1] = Prediction(EN, f"{E} <|fim_prefix|>", E, 2)
    assert [one.rows for one in find_defects(score_predictions(rows, workers=1))] == [[1, 2]]


def test_json_holds_the_summary(scores):
    found = json.loads(json.dumps(scores.as_json()))
    assert found["rows"] == scores.summary.rows
    assert set(found["metrics"]["answer"]["plain"]["rouge-l"]) == {"n", "value", "low", "high"}
    assert found["metrics"]["thinking"]["plain"]["rouge-l"] == {
        "n": 0,
        "value": None,
        "low": None,
        "high": None,
    }


def test_no_predictions_are_refused():
    with pytest.raises(UsageError) as caught:
        score_predictions([])
    assert caught.value.code == "no_rows"


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    from lf_qwen3.results.score import similarity

    monkeypatch.setattr(similarity, "find_spec", lambda name: None if name == "jieba" else object())
    with pytest.raises(LfQwen3Error) as caught:
        score_predictions(PREDICTIONS)
    assert caught.value.code == "extra_missing"
    assert "jieba" in caught.value.message
    assert "lf-qwen3[eval]" in caught.value.hint


@given(st.lists(st.floats(0, 100) | st.none(), min_size=1, max_size=30), st.integers(0, 5))
def test_a_mean_lies_in_its_interval_and_the_interval_in_the_values(values, seed):
    figure = interval.means({"it": values}, seed)["it"]
    known = [value for value in values if value is not None]
    assert figure.n == len(known)
    assert interval.means({"it": values}, seed)["it"] == figure
    if len(known) < 2:
        assert (figure.low, figure.high) == (None, None)
        return
    slack = 1e-9 * max(known, default=0) + 1e-9
    assert min(known) - slack <= figure.low <= figure.high <= max(known) + slack
    assert figure.value == pytest.approx(statistics.fmean(known))


def test_the_bootstrap_covers_as_wide_as_theory_says():
    values = [float(value) for value in range(400)]
    figure = interval.means({"it": values})["it"]
    error = statistics.pstdev(values) / math.sqrt(len(values))
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * error, rel=0.1)


@given(st.lists(st.booleans() | st.none(), max_size=60))
def test_a_rate_lies_in_its_interval(flags):
    figure = interval.rate(flags)
    known = [flag for flag in flags if flag is not None]
    assert figure.n == len(known)
    if known:
        assert 0 <= figure.low <= figure.value <= figure.high <= 1
        assert figure.high > figure.low  # also where no row has the flag
        z, half = 1.959964, figure.high if not any(known) else figure.low
        share = sum(known) / len(known)  # a Wilson bound is where the share is 1.96 standard errors away
        if half not in (0, 1):
            assert abs(share - half) == pytest.approx(z * math.sqrt(half * (1 - half) / len(known)), rel=1e-4)
