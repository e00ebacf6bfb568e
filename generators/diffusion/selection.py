"""Which timesteps of a trajectory become rows: any, as in the paper (section 3.3), or by how far c_t is from c_0."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence

from schemas.config import DiffusionOptions
from validators import Language
from validators.diff import significant, token_distance
from validators.diff import texts as token_texts


def select(
    language: Language, options: DiffusionOptions, texts: Sequence[str | None], allowed: Sequence[int],
    rng: random.Random, weights: Sequence[float] | None = None,
) -> list[tuple[int, str | None]]:  # fmt: skip
    """The timesteps that are drawn from a trajectory, each with the text that becomes `broken`.

    Args:
        language: of the texts.
        options: how many are drawn, and how.
        texts: c_t by t from 0; None where it cannot be decoded, or is not needed, see `uniform`.
        allowed: timesteps that may be drawn.
        rng: of the trajectory.
        weights: of the allowed timesteps where t is uniform on another axis than t/T; None: all alike.
    """
    fixed = texts[0]
    if options.selection == "uniform" or fixed is None:
        return [(t, texts[t]) for t in uniform(rng, options.draws, allowed, weights)]
    goal = token_texts(significant(language, fixed))
    distance = {
        text: token_distance(token_texts(significant(language, text)), goal, options.distances[1])
        for text in {*texts}
        if text is not None and not language.check(text).accepted  # what is accepted holds no mistake to repair
    }
    distance_T = [None if text is None else distance.get(text) for text in texts]
    return [(t, texts[t]) for t in stratified(distance_T, options.distances, rng, options.draws, allowed, texts)]


def uniform(
    rng: random.Random, draws: int, allowed: Sequence[int], weights: Sequence[float] | None = None
) -> list[int]:
    """The paper's: ``draws`` timesteps of the allowed ones, without repetition; more often those of more weight."""
    if weights is None:
        return rng.sample(allowed, draws)
    # each timestep's turn comes after an exponential time of its weight's rate (Efraimidis and Spirakis, 2006)
    turns = [rng.expovariate(1.0) / weight if weight > 0 else math.inf for weight in weights]
    return [t for _, t in sorted(zip(turns, allowed, strict=True))[:draws]]


def stratified(
    distances: Sequence[int | None], strata: tuple[int, int], rng: random.Random, draws: int, allowed: Sequence[int],
    texts: Sequence[str | None] | None = None,
) -> list[int]:  # fmt: skip
    """``draws`` timesteps without repetition, each token distance to c_0 as often as any other that there is.

    Each draw takes a distance, uniformly among those within ``strata`` that a timestep not yet drawn has, then such a
    timestep, uniformly. Where there is no such distance it takes any timestep that is left: no pair that was asked
    for, and the filters say why.

    Args:
        distances: of c_t to c_0 in tokens, by t from 0; None where c_t is not looked for.
        strata: the least and the greatest distance that is looked for, both included.
        rng: of the trajectory.
        draws: at most as many as there are allowed timesteps.
        allowed: timesteps that may be drawn.
        texts: c_t by t; a text that was drawn once is passed over as long as there is another. None: all differ.
    """
    low, high = strata
    left, drawn = list(allowed), list[int]()
    for _ in range(draws):
        seen = {texts[t] for t in drawn} if texts is not None else set()
        fresh = [t for t in left if texts is None or texts[t] not in seen] or left
        pools: dict[int, list[int]] = defaultdict(list)
        for t in fresh:
            distance = distances[t]
            if distance is not None and low <= distance <= high:
                pools[distance].append(t)
        t = rng.choice(pools[rng.choice(sorted(pools))] if pools else fresh)
        drawn.append(t)
        left.remove(t)
    return drawn
