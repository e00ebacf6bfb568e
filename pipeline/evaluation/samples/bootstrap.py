"""Means over trajectories by tenth of the noise level, with intervals of 95% by a bootstrap over trajectories."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluation.statistics import Estimate
from schemas.ids import derive_seed

BINS = 10  # of the noise level, in tables

_ROUNDS = 1_000  # of the bootstrap

Array = NDArray[np.float64]
Figure = dict[str, float] | None  # an `Estimate`; None of nothing


def tenth(level: float) -> int:
    """The tenth (k/10, (k+1)/10] that a noise level falls in; 0 falls in the lowest."""
    return max(0, math.ceil(round(level * BINS, 9)) - 1)


class Resampling:
    """The rounds of a bootstrap over trajectories, the same for every figure."""

    def __init__(self, rows: int, seed: int) -> None:
        generator = np.random.default_rng(derive_seed("bootstrap", seed))
        self._weights_RN = generator.multinomial(rows, np.full(rows, 1 / rows), size=_ROUNDS).astype(np.float64)

    def means(self, values_NT: Array, group_T: Sequence[int], groups: int | None = None) -> list[Figure]:
        """The mean of the values of each group of columns, NaN left out."""
        member_TG = np.eye(groups or len(group_T))[list(group_T)]
        known_NT = ~np.isnan(values_NT)
        total_NG = np.where(known_NT, values_NT, 0.0) @ member_TG
        count_NG = known_NT @ member_TG
        with np.errstate(invalid="ignore"):  # a round may hold no value of a group
            means_RG = (self._weights_RN @ total_NG) / (self._weights_RN @ count_NG)
        figures: list[Figure] = []
        for total_N, count_N, means_R in zip(total_NG.T, count_NG.T, means_RG.T, strict=True):
            n = int(count_N.sum())
            low, high = np.nanquantile(means_R, (0.025, 0.975)) if n else (math.nan, math.nan)
            figure = asdict(Estimate(float(total_N.sum()) / max(1, n), float(low), float(high), n))
            figures.append(figure if n else None)
        return figures
