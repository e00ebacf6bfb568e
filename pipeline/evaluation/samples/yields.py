"""The pairs that trajectories yield: by noise level, distance and verdict, and by what a user can set.

A pair is what `run` would write: c_t and c_0 as its filters judge them, each pair once in the whole sample. Two views:

- every text on the way beside its c_0: what stands where (`OutcomesByTimestep`);
- one timestep drawn from each trajectory, as `run` does it under some settings (`Selection`).

Noise levels are t/T, as records and `diffusion.t_range` have them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.diffusion.selection import select
from pipeline.evaluation.samples.bootstrap import BINS, Resampling, tenth
from pipeline.evaluation.statistics import rate
from pipeline.run.judge import make_judge
from schemas.config import load_config
from schemas.ids import derive_seed
from schemas.manifest import NEAR
from schemas.reasons import Reason
from validators import Language
from validators.filters import JudgedPair

THOUSAND = 1_000  # trajectories, which yields are given for
DISTANCES = ((1, 1), (2, 2), (3, 5), (6, 10), (11, None))  # in tokens, of pairs
PAIRS = tuple(f"{low}" if low == high else f"over {low - 1}" if high is None else f"{low} to {high}"
              for low, high in DISTANCES)  # fmt: skip
VERDICTS = {
    Reason.UNDECODABLE: "undecodable",
    Reason.IDENTICAL: "c_t is c_0",
    Reason.WHITESPACE_ONLY: "only spaces differ",
    Reason.FIXED_REJECTED: "c_0 rejected",
    Reason.BROKEN_ACCEPTED: "both accepted",
}
OTHER = "other"  # empty or too long
WAYS = (*VERDICTS.values(), OTHER, *PAIRS)
NEAR_PAIRS, ALL_PAIRS = f"1 to {NEAR}", "pairs"

Texts = Sequence[str | None]  # of one trajectory, by t from 0; None: undecodable


@dataclass(frozen=True, slots=True)
class Option:
    """What a user can set, as `run` takes it with --set."""

    name: str
    settings: tuple[str, ...] = ()


OPTIONS = (
    Option("t uniform over the whole trajectory, as in the paper"),
    Option("t/T up to 0.2", ("diffusion.t_range=[0, 0.2]",)),
    Option("t/T up to 0.4", ("diffusion.t_range=[0, 0.4]",)),
    Option("at most 5 tokens apart", ("filters.max_distance=5",)),
    Option("stratified by distance, 1 to 5", ("diffusion.selection=stratified",)),
    Option(
        "stratified, at least half of the tokens stay",
        ("diffusion.selection=stratified", "filters.max_normalized_distance=0.5"),
    ),
)


class Selection:
    """One option on a growing sample of trajectories, each with one draw; knows the seconds that it took."""

    def __init__(self, option: Option, language: Language, seed: int) -> None:
        given = {"language": language.name, "generator": "diffusion", "pairs": 1, "out": "-"}
        config = load_config(None, option.settings, given)
        self.option = option
        self.seconds = 0.0  # of the processor
        self._options = config.diffusion
        self._judge = make_judge(language.name, config.filters)
        self._language = language
        self._seed = seed
        self._seen: set[tuple[str, str]] = set()
        self._distances: list[int | None] = []  # of each trajectory's pair; None: it gave none

    def add(self, by_t: Texts) -> None:
        """Draw from the next trajectory, judge what was drawn."""
        started = time.process_time()
        pair = self.draw(by_t, len(self._distances))
        outcome = self._judge(*pair) if pair is not None and pair not in self._seen else None
        found = isinstance(outcome, JudgedPair)
        if pair is not None and found:
            self._seen.add(pair)
        self._distances.append(outcome.token_edit_distance if isinstance(outcome, JudgedPair) else None)
        self.seconds += time.process_time() - started

    def draw(self, by_t: Texts, number: int) -> tuple[str, str] | None:
        """The texts at a drawn timestep and at the end, as `DiffusionGenerator` draws them; None: undecodable."""
        rng = random.Random(derive_seed("timesteps", self._seed, number))
        options, fixed, steps = self._options, by_t[0], len(by_t) - 1
        allowed = [t for t in range(1, steps + 1) if options.t_range[0] < t / steps <= options.t_range[1]]
        if fixed is None or not allowed:
            return None
        (_, broken), *_ = select(self._language, options, by_t, allowed, rng)
        return None if broken is None else (broken, fixed)

    def figures(self) -> dict[str, Any]:
        """Shares of trajectories that gave a pair, and a pair within `NEAR` tokens."""
        return {
            "name": self.option.name,
            "settings": list(self.option.settings),
            "pairs": asdict(rate([distance is not None for distance in self._distances])),
            "near": asdict(rate([distance is not None and distance <= NEAR for distance in self._distances])),
        }

    def pairs_a_minute(self, sampling: float) -> float:
        """On one core, where a trajectory takes ``sampling`` seconds before it is drawn from."""
        pairs = sum(distance is not None for distance in self._distances)
        return 60 * pairs / (sampling * len(self._distances) + self.seconds)


class OutcomesByTimestep:
    """What every text on the way is beside its c_0, under the default filters; a pair counts wherever it stands."""

    def __init__(self, language: Language) -> None:
        given = {"language": language.name, "generator": "diffusion", "pairs": 1, "out": "-"}
        self._judge = make_judge(language.name, load_config(None, (), given).filters)
        self._rows: list[NDArray[np.int8]] = []

    def add(self, by_t: Texts) -> None:
        """The next trajectory."""
        fixed = by_t[0]
        way = {text: self._way(text, fixed) for text in {*by_t}}
        self._rows.append(np.array([way[text] for text in by_t[1:]], dtype=np.int8))

    def _way(self, broken: str | None, fixed: str | None) -> int:
        if broken is None or fixed is None:
            return WAYS.index(VERDICTS[Reason.UNDECODABLE])
        outcome = self._judge(broken, fixed)
        if isinstance(outcome, Reason):
            return WAYS.index(VERDICTS.get(outcome, OTHER))
        distance = outcome.token_edit_distance
        return WAYS.index(next(name for name, (_, high) in zip(PAIRS, DISTANCES, strict=True)
                               if high is None or distance <= high))  # fmt: skip

    def figures(self, seed: int) -> dict[str, Any]:
        """By tenth of t/T, from 0 on up, and over all: per thousand trajectories with one t drawn of all, and more.

        ``per_thousand``: how often 1,000 uniform draws are of this kind and, in ``by_tenth``, fall in this tenth.
        ``trajectories``: the share of those that have such a text at all. Pairs are given by distance in tokens, and
        as `NEAR_PAIRS` and `ALL_PAIRS`.
        """
        way_NT = np.stack(self._rows)
        count, steps = way_NT.shape
        bins = [tenth(t / steps) for t in range(1, steps + 1)]
        resampling = Resampling(count, seed)
        kinds = {name: way_NT == number for number, name in enumerate(WAYS)}
        pair_kinds = [kinds[name] for name in PAIRS]
        near = sum(high is not None and high <= NEAR for _, high in DISTANCES)
        kinds |= {NEAR_PAIRS: np.any(pair_kinds[:near], axis=0), ALL_PAIRS: np.any(pair_kinds, axis=0)}
        by_tenth: list[dict[str, Any]] = [
            {"low": number / BINS, "high": (number + 1) / BINS, "timesteps": bins.count(number), "per_thousand": {},
             "trajectories": {}}
            for number in range(BINS)
        ]  # fmt: skip
        total: dict[str, Any] = {"per_thousand": {}, "trajectories": {}}
        for name, holds_NT in kinds.items():
            values_NT = holds_NT.astype(np.float64)
            (overall,) = resampling.means(values_NT, [0] * steps, 1)
            total["per_thousand"][name] = _scaled(overall, THOUSAND)
            total["trajectories"][name] = asdict(rate(holds_NT.any(axis=1).tolist()))
            for part, mean in zip(by_tenth, resampling.means(values_NT, bins, BINS), strict=True):
                columns = [i for i, number in enumerate(bins) if part["low"] == number / BINS]
                part["per_thousand"][name] = _scaled(mean, THOUSAND * len(columns) / steps)
                part["trajectories"][name] = asdict(rate(holds_NT[:, columns].any(axis=1).tolist()))
        return {"by_tenth": by_tenth, "all": total}


def _scaled(figure: dict[str, float] | None, factor: float) -> dict[str, float] | None:
    if figure is None:
        return None
    return {name: value if name == "n" else value * factor for name, value in figure.items()}
