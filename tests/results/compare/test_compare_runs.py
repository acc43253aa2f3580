import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.results.compare import compare
from lf_qwen3.results.compare.align import align_runs
from lf_qwen3.results.compare.difference import compare_pair
from lf_qwen3.results.compare.measures import HEADLINE, MEASURES
from lf_qwen3.results.compare.named_run import NamedRun, name_runs
from lf_qwen3.results.compare.picture import histogram
from lf_qwen3.results.score import Prediction
from tests.needs import require
from tests.results.compare import made

require("jieba", "nltk", "rouge_chinese", "numpy")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return compare(*made.pair(tmp_path_factory.mktemp("runs")))


def headline(comparison, kind="all"):
    return comparison.pairs[0].differences[kind][HEADLINE.key]


def test_a_run_that_says_more_of_the_reference_is_better(found):
    one = headline(found)
    assert one.outcome(HEADLINE) == "better"
    assert one.low > 0
    assert (one.n, one.wins, one.losses) == (30, 30, 0)
    assert one.value == pytest.approx(one.other - one.base)
    assert not found.is_worse


def test_the_other_way_round_it_is_as_much_worse(found):
    back = compare(found.runs[1].path, found.runs[0].path)
    assert back.is_worse
    assert headline(back).value == pytest.approx(-headline(found).value)
    assert (headline(back).wins, headline(back).losses) == (headline(found).losses, headline(found).wins)


@pytest.mark.parametrize(
    ("other", "counts"),
    [(11.0, (30, 0, 0)), (10.5, (0, 30, 0)), (9.5, (0, 30, 0)), (9.0, (0, 0, 30))],
    ids=["a point more", "less than a point more", "less than a point less", "a point less"],
)
def test_a_whole_point_is_no_tie(found, other, counts):
    def constant(value):
        scores = found.base.scored
        metrics = {
            part: {name: [value] * len(values) for name, values in by_name.items()}
            for part, by_name in scores.metrics.items()
        }
        return replace(scores, metrics=metrics)

    pair = compare_pair(("a", "b"), constant(10.0), constant(other), 42)
    difference = pair.differences["all"][HEADLINE.key]
    assert (difference.wins, difference.ties, difference.losses) == counts


def test_a_longer_answer_is_neither_better_nor_worse(found):
    (measure,) = [measure for measure in MEASURES if measure.key == "length/answer"]
    difference = found.pairs[0].differences["all"][measure.key]
    assert difference.low > 0
    assert (difference.wins, difference.ties, difference.losses) == (0, 30, 0)
    assert difference.outcome(measure) == "unclear"


def test_a_defect_alone_makes_a_run_worse(tmp_path):
    rows = [made.row(n, made.answered(n, 12), made.label(n)) for n in range(10)]
    leaking = [row | {"predict": row["predict"] + "<|fim_pad|>"} for row in rows]
    comparison = compare(made.write(tmp_path / "a", rows), made.write(tmp_path / "b", leaking))
    assert comparison.is_worse
    outcomes = comparison.pairs[0].as_json()["outcomes"]
    assert outcomes["form/leaked_token"] == "worse"
    assert "length/answer" not in outcomes


def test_json_has_four_decimals(found):
    difference = headline(found)
    assert difference.as_json()["difference"] == round(difference.value, 4) != round(difference.value, 2)


def test_the_seed_draws_the_interval(found):
    paths = [run.path for run in found.runs]
    assert headline(compare(*paths, seed=7)).low != headline(found).low


def test_kinds_add_up(found):
    thinking, plain = (headline(found, kind) for kind in ("thinking", "plain"))
    assert (thinking.n, plain.n) == (20, 10)
    whole = (thinking.value * thinking.n + plain.value * plain.n) / 30
    assert headline(found).value == pytest.approx(whole)


def test_the_same_files_give_the_same_comparison(found):
    paths = [run.path for run in found.runs]
    assert compare(*paths).as_json() == compare(*paths).as_json() == found.as_json()


def test_a_run_against_its_copy_differs_in_nothing(tmp_path):
    base, _ = made.pair(tmp_path)
    copy = made.write(tmp_path / "copy", [made.row(n, made.answered(n, 4), made.label(n)) for n in range(30)])
    pairs = compare(base, copy).pairs[0]
    for measure in MEASURES:
        one = pairs.differences["all"][measure.key]
        assert (one.value in (0, None), one.wins, one.losses) == (True, 0, 0), measure.key
        assert one.outcome(measure) == "unclear"


def test_a_new_defect_alone_makes_a_run_worse(tmp_path):
    rows = [made.row(n, made.answered(n, 9), made.label(n)) for n in range(30)]
    leaked = [one | {"predict": one["predict"] + "<|im_start|>user"} for one in rows]
    base, tuned = made.write(tmp_path / "a", rows), made.write(tmp_path / "b", leaked)
    found = compare(base, tuned)
    one = found.pairs[0].differences["all"]["form/leaked_token"]
    assert (one.base, one.other, one.losses) == (0, 100, 30)
    assert found.is_worse


def test_three_runs_are_held_against_the_first(tmp_path):
    base, tuned = made.pair(tmp_path)
    third = made.write(
        tmp_path / "third", [made.row(n, made.answered(n, 12), made.label(n)) for n in range(30)]
    )
    found = compare(base, tuned, third)
    assert [(one.base, one.other) for one in found.pairs] == [("base", "tuned"), ("base", "third")]
    assert [len(one.texts) for one in found.examples.improved] == [3] * 5


def test_rows_are_found_in_another_order_and_missing_ones_told(tmp_path):
    rows = [made.row(n, made.answered(n, 6), made.label(n)) for n in range(20)]
    other = [*rows[5:], made.row(99, "x", "another reference")]
    random.Random(1).shuffle(other)
    found = compare(made.write(tmp_path / "a", rows), made.write(tmp_path / "b", other))
    assert found.rows == 15
    assert found.notes == ["15 of 20 rows of a are in every run", "15 of 16 rows of b are in every run"]
    assert headline(found).value == 0


def test_rows_with_other_prompts_are_found_by_label(tmp_path):
    rows = [made.row(n, "答", f"标签{n}") for n in range(6)]
    other = [one | {"prompt": one["prompt"] + "<think>\n\n</think>\n\n"} for one in rows]
    found = compare(made.write(tmp_path / "a", rows), made.write(tmp_path / "b", other))
    assert found.rows == 6
    assert "matched by label" in found.notes[0]


def test_runs_without_a_common_row(tmp_path):
    a = made.write(tmp_path / "a", [made.row(1, "x", "y")])
    b = made.write(tmp_path / "b", [made.row(2, "x", "z")])
    with pytest.raises(LfQwen3Error, match="a and b") as caught:
        compare(a, b)
    assert caught.value.code == "rows_differ"


def test_one_run_or_the_same_twice(tmp_path):
    base, _ = made.pair(tmp_path, rows=3)
    with pytest.raises(UsageError) as caught:
        compare(base)
    assert caught.value.code == "too_few_runs"
    with pytest.raises(UsageError) as caught:
        compare(base, base / "generated_predictions.jsonl")
    assert caught.value.code == "run_given_twice"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("", "file_empty", id="empty"),
        pytest.param('{"prompt": "a", "pre', "file_cut_short", id="cut-short"),
        pytest.param('{"text": "a"}\n', "not_predictions", id="another-tool"),
        pytest.param('{"prompt": "a", "predict": null, "label": "b"}\n', "not_predictions", id="null"),
    ],
)
def test_a_bad_file_is_named(tmp_path, text, code):
    base, tuned = made.pair(tmp_path, rows=3)
    (tuned / "generated_predictions.jsonl").write_text(text)
    with pytest.raises(LfQwen3Error) as caught:
        compare(base, tuned)
    assert caught.value.code == code
    assert str(tuned) in caught.value.message


def test_names_are_short_and_differ(tmp_path):
    names = [tmp_path / one / "generated_predictions.jsonl" for one in ("predict_base", "x/base", "predict_")]
    assert name_runs([*names, tmp_path / "mine.jsonl"]) == ["base 1", "base 2", "predict_", "mine"]


def test_a_single_row_has_no_interval(tmp_path):
    found = compare(*made.pair(tmp_path, rows=1))
    assert (headline(found).low, headline(found).outcome(HEADLINE)) == (None, "unclear")


def test_examples_stand_once_and_in_order(found):
    shown = found.examples
    rows = [one.row for one in (*shown.improved, *shown.fell, *shown.sampled)]
    assert len(rows) == len(set(rows))
    changes = [one.change for one in shown.improved]
    assert changes == sorted(changes, reverse=True)
    assert not shown.fell


def rows_of(pairs):
    return [Prediction(prompt, "x", label, at) for at, (prompt, label) in enumerate(pairs, 1)]


KEYS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), min_size=1, max_size=12)


@given(KEYS, st.randoms())
@settings(max_examples=80)
def test_every_common_row_is_found_once_whatever_the_order(keys, chance):
    other = list(keys)
    chance.shuffle(other)
    runs = [NamedRun("a", None, rows_of(keys)), NamedRun("b", None, rows_of(other))]
    aligned = align_runs(runs)
    a, b = (run.rows for run in aligned.runs)
    assert len(a) == len(b) == len(keys)
    assert [(one.prompt, one.label) for one in a] == [(one.prompt, one.label) for one in b] == keys
    assert len({one.row for one in b}) == len(keys)


@given(st.lists(st.one_of(st.none(), st.floats(-100, 100)), max_size=60))
def test_a_histogram_counts_every_change_once_on_its_side(changes):
    known = [one for one in changes if one is not None]
    drawn = histogram(changes)
    if not known:
        assert drawn is None
        return
    by_tone = {
        tone: sum(b.count for b in drawn.blocks if b.tone == tone) for tone in ("better", "even", "worse")
    }
    assert by_tone == {
        "better": sum(one >= 1 for one in known),
        "even": sum(-1 < one < 1 for one in known),
        "worse": sum(one <= -1 for one in known),
    }
    assert all(block.x >= 0 and block.x + block.width <= drawn.width for block in drawn.blocks)


def test_the_interval_covers_a_difference_that_is_really_there(found):
    """The bootstrap of a difference that every row has alike is that difference, with no width."""
    base = found.runs[0].scored
    same = compare_pair(("a", "b"), base, base, 42).differences["all"][HEADLINE.key]
    assert (same.low, same.value, same.high) == (0, 0, 0)
