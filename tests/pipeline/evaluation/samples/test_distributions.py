"""Distances of samples to the data, by hand and by brute force; what intervals and floors promise."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.samples.distributions import length_figures, word_figures

SIZES = st.lists(st.integers(0, 12), min_size=1, max_size=12)
WORDS = st.lists(st.frozensets(st.sampled_from("abcde")), min_size=1, max_size=12)


def test_lengths_are_as_counted_by_hand() -> None:
    figures = length_figures([2, 2, 4, 8], {2: 30, 4: 10}, seed=0)
    assert figures is not None
    values = {name: figure["value"] for name, figure in figures["samples"].items()}
    assert values == {"mean": 4.0, "10%": 2, "25%": 2, "50%": 2, "75%": 4, "90%": 8}
    assert figures["data"] == {"mean": 2.5, "10%": 2, "25%": 2, "50%": 2, "75%": 2, "90%": 4}
    assert figures["histogram"] == {"samples": {"2": 2, "4": 1, "8": 1}, "data": {"2": 30, "4": 10}}
    assert figures["wasserstein"]["value"] == pytest.approx(1.5)  # a quarter from 2 to 4, another from 4 to 8
    json.dumps(figures, allow_nan=False)


@given(SIZES, SIZES)
def test_the_distance_of_lengths_is_that_of_the_sorted_samples(samples: list[int], data: list[int]) -> None:
    figures = length_figures(samples, Counter(data), seed=0)
    assert figures is not None
    moved = np.abs(np.sort(samples * len(data)) - np.sort(data * len(samples))).mean()
    assert figures["wasserstein"]["value"] == pytest.approx(moved)


def test_words_are_as_counted_by_hand() -> None:
    samples = [frozenset("ab"), frozenset("a"), frozenset(), frozenset("c")]
    figures = word_figures(samples, {"a": 6, "b": 2, "d": 2}, 8, seed=0)
    assert figures is not None
    top = {part["word"]: (part["samples"]["value"], part["data"]) for part in figures["top"]}
    assert top == {"a": (0.5, 0.75), "b": (0.25, 0.25), "c": (0.25, 0), "d": (0, 0.25)}
    assert [part["word"] for part in figures["top"]] == ["a", "b", "c", "d"]
    assert figures["different"] == {"samples": 3, "data": 3}
    # of all words: a .5, b .25, c .25 beside a .6, b .2, d .2
    assert figures["total_variation"]["value"] == pytest.approx((0.1 + 0.05 + 0.25 + 0.2) / 2)
    json.dumps(figures, allow_nan=False)


@given(WORDS, WORDS)
def test_the_distance_of_words_is_a_share_and_0_of_equals(
    samples: list[frozenset[str]], data: list[frozenset[str]]
) -> None:
    def distance(known: list[frozenset[str]]) -> float | None:
        counts = Counter(word for words in known for word in words)
        figures = word_figures(samples, counts, len(known), seed=0)
        return figures["total_variation"]["value"] if figures and figures["total_variation"] else None

    own, other = distance(samples), distance(data)
    assert own is None or own == pytest.approx(0, abs=1e-6)
    assert other is None or 0 <= other <= 1 + 1e-6


def test_samples_of_the_data_itself_are_as_far_as_the_floor_says() -> None:
    data = dict(enumerate([0, 5, 20, 40, 30, 20, 10, 5, 2, 1]))
    rng, share = np.random.default_rng(1), np.array(list(data.values())) / sum(data.values())
    found = [length_figures(rng.choice(len(share), size=200, p=share).tolist(), data, seed=0) for _ in range(40)]
    distances = [figures["wasserstein"]["value"] for figures in found if figures]
    floors = [figures["floor"] for figures in found if figures]
    assert np.mean(distances) == pytest.approx(np.mean(floors), rel=0.15)


def test_the_interval_of_a_distance_holds_the_distance_of_the_distribution() -> None:
    """Samples are one token longer than the data: the distance is 1."""
    data = {size: 10 for size in range(1, 11)}
    rng = np.random.default_rng(2)
    found = [length_figures(rng.integers(2, 12, size=300).tolist(), data, seed=0) for _ in range(50)]
    inside = [f["wasserstein"]["low"] <= 1 <= f["wasserstein"]["high"] for f in found if f]
    assert sum(inside) >= 43
    assert all(f["wasserstein"]["low"] < f["wasserstein"]["value"] < f["wasserstein"]["high"] for f in found if f)


def test_without_data_the_samples_alone_are_described() -> None:
    lengths = length_figures([3, 4], None, seed=0)
    words = word_figures([frozenset("a")], None, 0, seed=0)
    assert lengths is not None and words is not None
    assert lengths["data"] is lengths["wasserstein"] is lengths["floor"] is lengths["histogram"]["data"] is None
    assert lengths["samples"]["mean"]["value"] == 3.5
    assert words["total_variation"] is words["floor"] is words["top"][0]["data"] is words["different"]["data"] is None


def test_of_nothing_there_is_no_figure() -> None:
    assert length_figures([], {1: 1}, seed=0) is None
    assert word_figures([frozenset()], {"a": 1}, 1, seed=0) is None
