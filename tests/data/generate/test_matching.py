"""Answers that come to the same, and such that do not: 400 pairs with their labels."""

import itertools

import pytest

from lf_qwen3.base import math_answers
from lf_qwen3.data.generate.matching import find_final, find_kind, is_match

SAYING = (
    "{}",
    "The answer is {}.",
    "We add both sides and get the result.\n\nAnswer: {}",
    "First 3 and 4 make 7. Then we go on.\n\n\\boxed{{{}}}",
    "Step 1: 99 is too much.\n#### {}",
    "**Final answer:** {}",
    "先看条件，共有 5 个步骤。\n答案是{}。",
    "因此，答案为：{}",
)
NUMBERS = {
    "42": (["42", "42.0", "+42", " 42 ", "42 apples"], ["41", "-42", "4.2", "420"]),
    "1000": (["1,000", "1000.00", "1{,}000", "1e3"], ["1,001", "100", "10,000"]),
    "0.5": (["0.50", "50%", ".5e0".replace(".5e0", "5e-1")], ["0.05", "5%", "0.51"]),
    "12%": (["12 %", "0.12", "12 percent", "12\\%"], ["1.2", "0.012", "13%"]),
    "2.5 g": (["2.5g", "2500 mg", "2.5"], ["2500 g", "2.5 mg", "25 g"]),
    "100 ml": (["0.1 l", "100 mL", "100"], ["100 l", "1 l", "10 ml"]),
    "-7": (["-7", "−7", "-7.0"], ["7", "-70", "-8"]),
    "¥35": (["35", "35元", "35.00"], ["36", "350"]),
}
CHOICES = {
    "B": (["B", "(B)", "b", "B.", "B)"], ["A", "(C)", "D."]),
    "(C)": (["C", "(C)", "C."], ["A", "(B)"]),
}
CHOICE_SAYING = (
    "{}",
    "The answer is {}",
    "The correct option is {}",
    "A is wrong, for it is small. 故选{}",
    "答案：{}",
)
TEXTS = {
    "Paris": (["Paris", "paris.", "**Paris**"], ["London", "Paris, Texas", "Not Paris"]),
    "阿司匹林": (["阿司匹林", "阿司匹林。"], ["布洛芬", "阿司匹林片和水"]),
    "yes": (["Yes", "yes."], ["no", "No."]),
}


def pairs():
    for cases, sayings in ((NUMBERS, SAYING), (CHOICES, CHOICE_SAYING), (TEXTS, SAYING)):
        for reference, (same, other) in cases.items():
            for saying, (texts, label) in itertools.product(sayings, ((same, True), (other, False))):
                yield from ((saying.format(text), reference, label) for text in texts)


def test_four_hundred_labelled_pairs():
    right = wrong = missed = count = 0
    errors = []
    for answer, reference, label in pairs():
        count += 1
        verdict = is_match(answer, reference, find_kind(reference))
        right += verdict and label
        wrong += verdict and not label
        missed += label and not verdict
        if verdict != label:
            errors.append((answer, reference))
    assert count >= 400
    assert right / (right + wrong) >= 0.99, errors
    assert right / (right + missed) >= 0.9, errors


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("B", "choice"),
        ("42 km", "number"),
        ("Paris", "exact"),
        ("Natalia sold 48/2 = 24 clips.\n#### 72", "number"),
        ("We find \\boxed{\\text{Paris}}", "exact"),
        ("Paris is the capital of France, and it was already so in the Middle Ages, says the book.", None),
        (
            "一种用于治疗高血压的药物，应当每天服用一次，饭后服用。请咨询医生，并且注意血压的变化，定期复查，记录每次的结果，如有不适立即停药，并且告诉医生您的情况。",
            None,
        ),
    ],
)
def test_what_an_answer_can_be_held_against(reference, kind):
    assert find_kind(reference) == kind


def test_formulas_can_be_compared_with_the_extra_alone(monkeypatch):
    reference = "so it is \\boxed{\\frac{1}{2}}"
    monkeypatch.setattr(math_answers, "is_available", lambda: False)
    assert find_kind(reference) is None
    monkeypatch.setattr(math_answers, "is_available", lambda: True)
    monkeypatch.setattr(
        math_answers, "are_equal", lambda given, wanted: (given, wanted) == ("0.5", "\\frac{1}{2}")
    )
    assert find_kind(reference) == "math"
    assert is_match("thus \\boxed{0.5}", reference, "math")
    assert not is_match("thus \\boxed{0.6}", reference, "math")
    assert is_match("thus \\boxed{\\frac{1}{2}}", reference, "math")


def test_the_last_box_counts_with_the_braces_in_it():
    assert find_final("\\boxed{1} then \\boxed{\\frac{a}{b}}") == "\\frac{a}{b}"
    assert find_final("\\boxed{1") == "\\boxed{1"
