"""Which timesteps of a trajectory become rows: any, as in the paper (section 3.3), or by how far c_t is from c_0."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from generators.diffusion.literals import aligned
from schemas.config import DiffusionOptions
from validators import Language
from validators.diff import significant, token_distance
from validators.diff import texts as token_texts


def select(
    language: Language, options: DiffusionOptions, texts: Sequence[str | None], allowed: Sequence[int],
    rng: random.Random,
) -> list[tuple[int, str | None]]:  # fmt: skip
    """The timesteps that are drawn from a trajectory, each with the text that becomes `broken`.

    Args:
        language: of the texts.
        options: how many are drawn, how, and whether literals are aligned with those of c_0.
        texts: c_t by t from 0; None where it cannot be decoded, or is not needed, see `uniform`.
        allowed: timesteps that may be drawn.
        rng: of the trajectory.
    """
    fixed = texts[0]

    def shown(text: str | None) -> str | None:
        if text is None or fixed is None or not options.align_literals:
            return text
        return aligned(language, text, fixed)

    if options.selection == "uniform" or fixed is None:
        return [(t, shown(texts[t])) for t in uniform(rng, options.draws, allowed)]
    by_text = {text: shown(text) for text in {*texts}}
    goal = token_texts(significant(language, fixed))
    distance = {
        text: token_distance(token_texts(significant(language, text)), goal, options.distances[1])
        for text in {*by_text.values()}
        if text is not None and not language.check(text).accepted  # what is accepted holds no mistake to repair
    }
    shown_T = [by_text[text] for text in texts]
    distance_T = [None if text is None else distance.get(text) for text in shown_T]
    return [(t, shown_T[t]) for t in stratified(distance_T, options.distances, rng, options.draws, allowed, shown_T)]


def uniform(rng: random.Random, draws: int, allowed: Sequence[int]) -> list[int]:
    """The paper's: ``draws`` timesteps, any of the allowed ones, without repetition."""
    return rng.sample(allowed, draws)


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
