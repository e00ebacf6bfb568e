"""How far edit types of pairs are from those of people, and how sure that is.

Letters on arrays: N pairs, K edit types, R rounds. A row of N holds what each type weighs in a pair.

**Intervals.** The divergence of a finite number of pairs is on average above that of all pairs that there could be, and
resampling lifts it once more by about as much: the middle 95% of resampled figures lie above the figure, the basic
bootstrap, which mirrors them, below. Neither says what the figure would be on other pairs of the same kind and number,
which is what one compares. So the bootstrap gives the spread alone, 1.96 standard deviations to both sides, as for the
distances in `pipeline.evaluation.samples.distributions`. An interval says nothing of other numbers of pairs, nor of
endlessly many.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validators.edit_types import PairEdits

ROUNDS = 1_000  # of the bootstrap, and of random halves
DISTANCES = {"1": (1, 1), "2": (2, 2), "3 to 5": (3, 5), "more": (6, None)}  # tokens

Array = NDArray[np.float64]
Figure = dict[str, float]


def types_of(groups: Sequence[Sequence[PairEdits]]) -> list[str]:
    """Every edit type of the pairs, in the order of the columns K."""
    return sorted({name for group in groups for pair in group for name in pair.types})


def weigh(pairs: Sequence[PairEdits], types: Sequence[str]) -> Array:
    """N x K: each row sums to 1, or to 0 where a pair has no edit."""
    place = {name: column for column, name in enumerate(types)}
    weights_NK = np.zeros((len(pairs), len(types)))
    for row, pair in enumerate(pairs):
        for name, share in pair.shares.items():
            weights_NK[row, place[name]] = share
    return weights_NK


def divergences(first_K: Array, second_K: Array) -> Array:
    """`validators.edit_types.divergence` of two sums of weights, or of two in each row."""
    sides = [side_K / side_K.sum(axis=-1, keepdims=True) for side_K in (first_K, second_K)]
    both_K = sides[0] + sides[1]
    total = np.zeros(both_K.shape[:-1])
    for side_K in sides:
        ratio_K = np.divide(2 * side_K, both_K, out=np.ones_like(both_K), where=side_K > 0)
        total += (side_K * np.log2(ratio_K)).sum(axis=-1) / 2
    return np.clip(total, 0, 1)


def resample(weights_NK: Array, seed: int) -> Array:
    """R x K: the sums of as many pairs, drawn with replacement."""
    n = len(weights_NK)
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=ROUNDS).astype(np.float64) @ weights_NK


def subsample(weights_NK: Array, size: int, groups: int, seed: int) -> list[Array]:
    """``groups`` of R x K: the sums of ``size`` pairs each, drawn so that no pair is in two groups of a round."""
    rng = np.random.default_rng(seed)
    order_RN = rng.random((ROUNDS, len(weights_NK))).argsort(axis=1)
    sums = []
    for group in range(groups):
        chosen_RN = np.zeros(order_RN.shape)
        np.put_along_axis(chosen_RN, order_RN[:, group * size : (group + 1) * size], 1, axis=1)
        sums.append(chosen_RN @ weights_NK)
    return sums


def interval(value: float, rounds_R: Array, lowest: float = 0.0) -> Figure:
    """A figure between ``lowest`` and 1, and 1.96 standard deviations of resampled ones to both sides."""
    half = 1.96 * float(rounds_R.std())
    low, high = max(lowest, value - half), min(1.0, value + half)
    return {"value": round(value, 6), "low": round(low, 6), "high": round(high, 6)}


def spread(rounds_R: Array) -> Figure:
    """Mean and middle 95% over random splits of the same pairs; no interval of what other pairs would give."""
    low, high = np.quantile(rounds_R, (0.025, 0.975))
    return {"value": round(float(rounds_R.mean()), 6), "low": round(float(low), 6), "high": round(float(high), 6)}


def distance_figures(pairs: Sequence[PairEdits]) -> dict[str, Any]:
    """Median token distance, and the share of pairs at each of `DISTANCES`; of pairs with an edit, one at least."""
    found = [pair.distance for pair in pairs if pair.types]
    shares = {
        name: round(sum(low <= distance and (high is None or distance <= high) for distance in found) / len(found), 6)
        for name, (low, high) in DISTANCES.items()
    }
    return {"median": float(statistics.median(found)), "shares": shares}
