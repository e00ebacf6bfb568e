"""Divergences of resampled pairs: as the library has them, with intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.pairs.statistics import (
    distance_figures,
    divergences,
    interval,
    resample,
    subsample,
    types_of,
    weigh,
)
from validators.edit_types import PairEdits, divergence, histogram

TYPES = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 4), min_size=1)
EDITS = st.lists(TYPES.map(lambda types: PairEdits(types, sum(types.values()))), min_size=1, max_size=8)


@given(EDITS, EDITS)
def test_arrays_give_the_librarys_divergence(first: list[PairEdits], second: list[PairEdits]) -> None:
    types = types_of([first, second])
    one_K, other_K = (weigh(pairs, types).sum(axis=0) for pairs in (first, second))
    expected = divergence(histogram(first), histogram(second))
    assert divergences(one_K, other_K) == pytest.approx(expected, abs=1e-9)
    assert divergences(np.stack([one_K, other_K]), one_K) == pytest.approx([0, expected], abs=1e-9)


def test_resampling_keeps_the_number_and_samples_share_no_pair() -> None:
    pairs = [PairEdits({f"t{n}": 1}, 1) for n in range(7)]
    weights_NK = weigh(pairs, types_of([pairs]))
    rounds_RK = resample(weights_NK, seed=1)
    assert set(rounds_RK.sum(axis=1)) == {7} and rounds_RK.max() > 1
    first_RK, second_RK = subsample(weights_NK, 3, 2, seed=1)
    assert set(first_RK.sum(axis=1)) == set(second_RK.sum(axis=1)) == {3}
    assert (first_RK + second_RK).max() == 1
    assert first_RK.mean(axis=0) == pytest.approx(3 / 7, abs=0.06)


def test_an_interval_covers_what_other_pairs_of_these_numbers_give_and_the_middle_of_the_rounds_does_not() -> None:
    rng = np.random.default_rng(5)
    size, types = 60, 80
    chances = [1 / np.arange(1, types + 1) ** power for power in (0.5, 0.8)]
    draws = [
        [np.eye(types)[rng.choice(types, size, p=chance / chance.sum())] for chance in chances] for _ in range(400)
    ]
    values = [float(divergences(*(side_NK.sum(axis=0) for side_NK in draw))) for draw in draws]
    usual = np.mean(values)
    covered = naive = 0
    for number, (draw, value) in enumerate(zip(draws[:60], values, strict=False)):
        rounds_R = divergences(*(resample(side_NK, 2 * number + side) for side, side_NK in enumerate(draw)))
        found = interval(value, rounds_R)
        covered += found["low"] <= usual <= found["high"]
        low, high = np.quantile(rounds_R, (0.025, 0.975))
        naive += low <= usual <= high
    assert covered >= 54 > 30 > naive


def test_an_interval_stays_between_the_figures_that_there_can_be() -> None:
    rounds_R = np.array([0.0, 1.0])
    assert interval(0.1, rounds_R) == {"value": 0.1, "low": 0.0, "high": 1.0}
    assert interval(-0.9, rounds_R, lowest=-1.0)["low"] == -1.0


def test_distances_are_counted_by_hand() -> None:
    pairs = [PairEdits({"a>b": n}, n) for n in (1, 1, 2, 3, 5, 6)] + [PairEdits({}, 0)]
    shares = {"1": pytest.approx(1 / 3, abs=1e-6), "2": pytest.approx(1 / 6, abs=1e-6)}
    shares |= {"3 to 5": shares["1"], "more": shares["2"]}
    assert distance_figures(pairs) == {"median": 2.5, "shares": shares}
