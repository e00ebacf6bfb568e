"""What figures of a benchmark are worth: intervals, unbiased pass@k, paired tests.

Every interval is of 95%. Random draws follow from a seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_Z = 1.96  # of the normal distribution, for 95%
_ROUNDS = 10_000  # of the bootstrap
_AT_ONCE = 100  # rounds in memory


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over ``n`` problems with its interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Paired:
    """Two systems on the same problems."""

    only_first: int  # problems that the first alone solves
    only_second: int
    p: float  # of McNemar's exact test, two-sided
    difference: Estimate  # first minus second, with a bootstrap interval


def wilson(successes: int, n: int, z: float = _Z) -> tuple[float, float]:
    """Wilson's interval of a share."""
    if n == 0:
        return 0.0, 1.0
    share, spread = successes / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))  # rounding keeps the share inside


def rate(outcomes: Sequence[bool]) -> Estimate:
    """The share of successes, with Wilson's interval."""
    n, successes = len(outcomes), sum(outcomes)
    return Estimate(successes / n if n else 0.0, *wilson(successes, n), n)


def pass_at_k(n: int, successes: int, k: int) -> float:
    """Chance that of ``k`` out of ``n`` samples at least one is a success: 1 - C(n-c, k) / C(n, k), unbiased.

    As a running product, after the HumanEval paper (arXiv 2107.03374).

    Raises:
        ValueError: fewer than ``k`` samples, or more successes than samples.
    """
    if not 1 <= k <= n or not 0 <= successes <= n:
        raise ValueError(f"pass@{k} of {n} samples with {successes} successes is not defined")
    if n - successes < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(n - successes + 1, n + 1))


def mean(values: Sequence[float], seed: int) -> Estimate:
    """A mean over problems, with a percentile bootstrap over them.

    Where every value is 0, or every value is 1, resampling shows no spread; Wilson's interval then stands in.
    """
    n = len(values)
    if n == 0 or set(values) <= {0.0} or set(values) <= {1.0}:
        return Estimate(float(bool(n and values[0])), *wilson(int(sum(values)), n), n)
    return Estimate(sum(values) / n, *_bootstrap(values, seed), n)


def paired(first: Sequence[bool], second: Sequence[bool], seed: int) -> Paired:
    """Compare two systems problem by problem.

    Raises:
        ValueError: they were not asked the same number of problems, or none.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"{len(first)} and {len(second)} outcomes cannot be paired")
    differences = [a - b for a, b in zip(first, second, strict=True)]
    only_first, only_second = differences.count(1), differences.count(-1)
    difference = Estimate(sum(differences) / len(differences), *_bootstrap(differences, seed), len(differences))
    return Paired(only_first, only_second, mcnemar(only_first, only_second), difference)


def mcnemar(only_first: int, only_second: int) -> float:
    """p of McNemar's exact test, two-sided: were both as good, each discordant problem would be a fair coin."""
    n = only_first + only_second
    term = tail = 1  # C(n, i) and their sum
    for i in range(min(only_first, only_second)):
        term = term * (n - i) // (i + 1)
        tail += term
    return min(1.0, float(2 * tail / 2**n))


def _bootstrap(values: Sequence[float], seed: int) -> tuple[float, float]:
    """The middle 95% of the means of resampled values."""
    given = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(seed)
    means = [
        given[generator.integers(len(given), size=(_AT_ONCE, len(given)))].mean(axis=1)
        for _ in range(_ROUNDS // _AT_ONCE)
    ]
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    return float(low), float(high)
