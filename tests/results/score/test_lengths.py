"""A cut by the count of tokens: 98 % of the limit, as a text written back may come to fewer."""

import pytest
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from lf_qwen3.results.score import Prediction
from lf_qwen3.results.score.lengths import count_all, count_cut_labels, find_cuts


@pytest.fixture(scope="module")
def tokenizer():
    """Return a tokenizer whose tokens are single characters."""
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    return tokenizer


def predictions(*lengths):
    return [Prediction("p", "a" * length, "b", 1) for length in lengths]


def test_a_cut_begins_at_98_of_100_tokens(tokenizer):
    evidence, cut = find_cuts(predictions(97, 98, 99, 100), [None] * 4, tokenizer, 100)
    assert (evidence, cut) == ("max_new_tokens", [False, True, True, True])


def test_special_tokens_of_the_text_are_not_counted(tokenizer):
    rows = [Prediction("p", "<|im_start|>" + "a" * 97, "b", 1)]
    assert find_cuts(rows, [None], tokenizer, 100) == ("max_new_tokens", [False])


@pytest.mark.parametrize("known", [(False, 100), (True, None)], ids=["no tokenizer", "no limit"])
def test_without_tokenizer_and_limit_the_guess_stays(tokenizer, known):
    has_tokenizer, limit = known
    guesses = [True, False, None]
    rows = predictions(100, 100, 100)
    assert find_cuts(rows, guesses, tokenizer if has_tokenizer else None, limit) == ("ending", guesses)


def test_the_end_token_counts_for_every_row_where_one_label_has_it():
    rows = [Prediction("p", "a<|im_end|>", "b", 1), Prediction("p", "a", "b<|im_end|>", 2)]
    assert find_cuts(rows, [True, False], None, 1) == ("end token", [False, True])


def test_every_text_is_counted_beyond_one_batch(tokenizer):
    texts = ["a" * (number % 7) for number in range(1200)]
    assert count_all(texts, tokenizer) == count_all(texts, None) == [len(text) for text in texts]


def test_a_reference_was_cut_where_it_fills_cutoff_len_or_lost_its_end_token(tokenizer):
    rows = [Prediction("p" * 50, "a", "b" * length, 1) for length in (10, 40, 48, 50)]
    assert count_cut_labels(rows, tokenizer, 100) == 2
    assert count_cut_labels(rows, tokenizer, None) == count_cut_labels(rows, None, 100) == 0
    ended = [Prediction("p", "a", label, 1) for label in ("b<|im_end|>", "b", "")]
    assert count_cut_labels(ended, None, None) == 2
