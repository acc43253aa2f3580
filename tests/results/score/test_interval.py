"""The bootstrap against the same one written without blocks, and Wilson's interval against its figures."""

import math

import pytest

from lf_qwen3.results.score import interval

np = pytest.importorskip("numpy", reason="part of the eval extra")

COLUMNS: dict[str, list[float | None]] = {
    "whole": [3.0, 50.0, 80.0, 12.5, 99.0, 41.0, 7.0],
    "with gaps": [None, 50.0, 80.0, None, 99.0, None, 7.0],
    "one value": [None, None, 80.0, None, None, None, None],
    "no value": [None] * 7,
}


def bootstrap(values, seed):
    """Return the 2.5th and 97.5th percentile of the means of 1,000 resamples of all rows."""
    row = np.array([math.nan if value is None else value for value in values])
    drawn = np.random.default_rng(seed).integers(len(row), size=(1000, len(row)))
    samples = [row[at][~np.isnan(row[at])] for at in drawn]
    return np.percentile([sample.mean() for sample in samples if len(sample)], [2.5, 97.5])


@pytest.mark.parametrize("seed", [42, 7])
@pytest.mark.parametrize("cells", [2_000_000, 50], ids=["one block", "blocks of seven"])
def test_an_interval_is_that_of_a_thousand_resamples(seed, cells, monkeypatch):
    monkeypatch.setattr(interval, "_CELLS", cells)
    figures = interval.means(COLUMNS, seed)
    for name in ("whole", "with gaps"):
        assert (figures[name].low, figures[name].high) == pytest.approx(bootstrap(COLUMNS[name], seed))
    assert [figures[name].n for name in COLUMNS] == [7, 4, 1, 0]
    assert (figures["one value"].value, figures["one value"].low) == (80.0, None)
    assert figures["no value"].value is None


def test_two_values_have_an_interval():
    figure = interval.means({"it": [1.0, 3.0]})["it"]
    assert (figure.value, figure.low, figure.high) == (2.0, 1.0, 3.0)


def test_columns_without_rows_have_no_figures():
    assert interval.means({"it": []})["it"].n == 0
    assert interval.means({}) == {}


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)],
)
def test_a_rate_has_wilsons_interval(hits, n, low, high):
    """The figures of Wilson's score interval without correction, e.g. statsmodels' proportion_confint."""
    figure = interval.rate([True] * hits + [False] * (n - hits) + [None])
    assert (figure.n, figure.value) == (n, hits / n)
    assert [figure.low, figure.high] == pytest.approx([low, high], abs=1e-4)
