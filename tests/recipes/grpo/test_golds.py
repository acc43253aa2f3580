"""Gold answers: where they stand in an answer, and what a reward for mathematics makes of them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from lf_qwen3.base import math_answers
from lf_qwen3.recipes.grpo.golds import Gold, NoGoldError, find_gold, judge_gold
from tests.needs import require


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("So $x = \\boxed{\\frac{1}{2}}$, as asked.", "\\frac{1}{2}"),
        ("First \\boxed{1}, then \\boxed{2}.", "2"),
        ("5 + 7 = 12\n#### 1,440", "1,440"),
        ("<answer> 7 </answer>", "7"),
        ("The answer is 7.", "7"),
        ("Step 1\nStep 2\n\nAnswer: 12", "12"),
        ("答案是5克", "5克"),
        ("408", "408"),
        ("\\frac{\\sqrt{2}}{2}", "\\frac{\\sqrt{2}}{2}"),
        ("Paris", "Paris"),
    ],
)
def test_the_short_answer_of_an_answer(answer, gold):
    assert find_gold(answer) == gold


@pytest.mark.parametrize(
    "answer",
    [
        *("It is 408.", "Short waves scatter more than long ones do.", "This is no answer at all."),
        *("血压升高时，应当先复测。", "\\boxed{}", "\\boxed{1", "", "1 " * 100),
    ],
)
def test_an_answer_that_no_function_can_judge(answer):
    with pytest.raises(NoGoldError):
        find_gold(answer)


def test_words_are_named_and_boxed_as_text():
    gold = judge_gold("Paris")
    assert gold.doubt.startswith("a word")
    assert gold.boxed == "\\boxed{\\text{Paris}}"
    assert judge_gold("A").boxed == "\\boxed{A}"


def test_without_math_verify_nothing_else_is_judged(monkeypatch):
    monkeypatch.setattr(math_answers, "is_available", lambda: False)
    assert judge_gold("2,3") == Gold("2,3")


class TestMathVerify:
    @pytest.fixture(autouse=True)
    def installed(self):
        require("math_verify")

    @pytest.mark.parametrize("gold", ["4", "1/2", "0.5", "1,440", "50%", "10^3", "(1,2)", "高血压", "A"])
    def test_a_gold_answer_that_counts_as_right_against_itself(self, gold):
        assert judge_gold(gold) == Gold(gold)

    @pytest.mark.parametrize(
        ("gold", "readings"),
        [("2,3", ("{2, 3}", "2.3")), ("3 or 4", ("{3, 4}", "4")), ("1 2/3", ("1", "1 2/3"))],
    )
    def test_a_gold_answer_that_reads_otherwise_without_its_box_is_named(self, gold, readings):
        doubt = judge_gold(gold).doubt
        assert doubt.startswith("ambiguous")
        assert all(reading in doubt for reading in readings)

    def test_a_gold_answer_that_is_wrong_against_itself_is_none(self, monkeypatch):
        reading = math_answers.BoxedReading("4", "4", False, True)
        monkeypatch.setattr(math_answers, "read_boxed", lambda text: reading)
        with pytest.raises(NoGoldError, match="math-verify"):
            judge_gold("4")

    def test_it_judges_in_a_thread_where_no_alarm_rings(self):
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(judge_gold, "4").result() == Gold("4")
