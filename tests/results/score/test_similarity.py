"""BLEU and ROUGE equal the trainer's inner loop, run here with its libraries, for any text and any part."""

from importlib.util import find_spec

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.results.score import similarity
from lf_qwen3.results.score.parts import split_parts
from lf_qwen3.results.score.similarity import (
    Segments,
    compute_rouge,
    compute_similarity,
    cut_words,
    load_cutter,
    measure_lcs,
    require_packages,
)
from tests.needs import require

require("jieba", "nltk", "rouge_chinese", "numpy")

# Sentence ends, quotes, runs of dots and odd white space are what rouge-chinese splits sentences at.
ALPHABET = 'ab0 的患者血压高，。！？?…."”’<>/\n\r\t\u3000、-'
TEXTS = st.text(ALPHABET, max_size=40) | st.text(max_size=12)
FRAMED = TEXTS | st.builds(frame, TEXTS, TEXTS)


def trainer(predict, label):
    """Do what ComputeSimilarity of llamafactory/train/sft/metric.py does with one row."""
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
    from rouge_chinese import Rouge

    hypothesis, reference = load_cutter()(predict), load_cutter()(label)
    if not " ".join(hypothesis).split() or not " ".join(reference).split():
        found = {name: {"f": 0.0} for name in ("rouge-1", "rouge-2", "rouge-l")}
    else:
        found = Rouge().get_scores(" ".join(hypothesis), " ".join(reference))[0]
    bleu = sentence_bleu([list(label)], list(predict), smoothing_function=SmoothingFunction().method3)
    scores = {name: value["f"] for name, value in found.items()} | {"bleu-4": bleu}
    return {name: round(value * 100, 4) for name, value in scores.items()}


@pytest.mark.filterwarnings("ignore")
@given(predict=FRAMED, label=FRAMED)
@example(predict="", label="")
@example(predict="a", label="")
@example(predict="", label="a")
@example(predict="abc", label="abcd")
@example(predict="血压........高。\n\n好”，", label="血压。\n好")
@example(predict=frame("想\r", "\n答"), label=frame("想", "答"))
def test_every_part_equals_the_trainer_on_that_part(predict, label):
    ours, theirs = split_parts(predict), split_parts(label)
    a, b = cut_words(ours), cut_words(theirs)
    assert compute_similarity(a["both"], b["both"]) == trainer(predict, label)
    assert compute_similarity(a["answer"], b["answer"]) == trainer(ours.answer, theirs.answer)
    assert compute_similarity(a["thinking"], b["thinking"]) == trainer(ours.thinking, theirs.thinking)


@given(TEXTS, TEXTS)
def test_the_words_of_the_parts_are_those_of_the_whole(thinking, answer):
    text = frame(thinking, answer)
    assert cut_words(split_parts(text))["both"] == Segments(text, load_cutter()(text))


@given(st.lists(st.sampled_from("abc"), max_size=25), st.lists(st.sampled_from("abc"), max_size=25))
def test_the_longest_common_subsequence_is_the_textbook_one(one, other):
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, left in enumerate(one, 1):
        for j, right in enumerate(other, 1):
            up = max(table[i - 1][j], table[i][j - 1])
            table[i][j] = table[i - 1][j - 1] + 1 if left == right else up
    assert measure_lcs(one, other) == table[-1][-1]


def test_a_text_equal_to_its_label_is_perfect():
    words = cut_words(split_parts("高血压患者每天监测血压。"))["both"]
    assert all(value == pytest.approx(100, abs=0.001) for value in compute_similarity(words, words).values())


def test_a_perfect_rouge_falls_short_of_1_as_the_library_s_does():
    assert compute_rouge(["a", "b"], ["a", "b"]) == [2.0 / (2.0 + 1e-8)] * 3


def test_long_texts_are_scored_in_memory_that_grows_with_their_length():
    import tracemalloc

    text = "血压 " * 4000
    words = cut_words(split_parts(text))["both"]
    tracemalloc.start()
    compute_similarity(words, Segments(text, list(words.words)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000  # the library's table of 16 million cells takes over a gigabyte


def test_the_packages_that_are_missing_are_named(monkeypatch):
    require_packages()
    missing = {"jieba", "numpy"}
    monkeypatch.setattr(similarity, "find_spec", lambda name: None if name in missing else find_spec(name))
    with pytest.raises(LfQwen3Error) as caught:
        require_packages()
    assert caught.value.code == "extra_missing"
    assert "jieba, numpy," in caught.value.message
