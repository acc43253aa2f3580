"""Texts that are nearly the same, in any script."""

import pytest

from lf_qwen3.data.generate.near_texts import NearTexts

KNOWN = {
    "train": "A train leaves Bonn at 9 and arrives in Trier at 12. How long does it take?",
    "药": "这种药物应该在饭前服用还是在饭后服用？",
}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A  train leaves bonn at 9 and arrives in Trier at 12; how long does it take", "train"),
        ("这种药物应该在饭前服用，还是在饭后服用?", "药"),
        ("A bus goes from Bonn to Trier. When does it arrive?", None),
        ("这种药物有什么副作用？", None),
        ("", None),
    ],
)
def test_a_near_text_is_named(text, name):
    texts = NearTexts()
    for known, content in KNOWN.items():
        texts.add(known, content)
    near = texts.find_nearest(text)
    assert (near[0] if near else None) == name


def test_exercises_of_one_form_are_many_where_the_numbers_count():
    texts = NearTexts()
    texts.add("train", KNOWN["train"])
    other = KNOWN["train"].replace("12", "13")
    assert texts.find_nearest(other)
    assert texts.find_nearest(other, same_numbers=True) is None
    assert texts.find_nearest(KNOWN["train"].replace("How", "and how"), same_numbers=True)
