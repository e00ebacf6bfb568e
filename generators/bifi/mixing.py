"""What fixer and breaker are trained on: the ratios of the authors' code (`src/c006`, `src/c007`).

Parts are brought to size by repeating and cutting them. The paper's equations leave the pairs of round 0 out; the code
mixes them into every round.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

from generators.bifi.critic import Category
from schemas.ids import derive_seed

T = TypeVar("T")


def breaker_mixture(round0: Sequence[T], real: Sequence[T], size: int, seed: int) -> list[T]:
    """A third from round 0, two thirds real pairs, shuffled. The authors' ``size`` is 30 million.

    Raises:
        ValueError: a part is empty.
    """
    rng = random.Random(derive_seed("breaker's mixture", seed))
    mixture = _sized(round0, size // 3, rng) + _sized(real, 2 * size // 3, rng)
    rng.shuffle(mixture)
    return mixture


def fixer_mixture(
    round0: Sequence[T], real: Sequence[T], breaker: Mapping[Category, Sequence[T]], seed: int
) -> list[T]:
    """A quarter from round 0, a half real pairs, a quarter the breaker's, shuffled.

    The last quarter is split equally over the categories of which there are pairs. In all there are twice as many as
    the breaker made, and at least as many as it takes for every real pair to be there.

    Raises:
        ValueError: a part is empty.
    """
    rng = random.Random(derive_seed("fixer's mixture", seed))
    made = {name: pairs for name, pairs in sorted(breaker.items()) if pairs}
    size = 2 * max(sum(map(len, made.values())), len(real))
    mixture = _sized(round0, size // 4, rng) + _sized(real, size // 2, rng)
    for pairs in made.values():
        mixture += _sized(pairs, max(1, size // 4 // len(made)), rng)
    if not made:
        raise ValueError("the breaker made no pairs")
    rng.shuffle(mixture)
    return mixture


def _sized(pairs: Sequence[T], size: int, rng: random.Random) -> list[T]:
    """``size`` pairs: all of them in random order, as often as it takes."""
    if not pairs:
        raise ValueError("there are no pairs of one kind")
    order = rng.sample(pairs, len(pairs))
    return (order * -(-size // len(order)))[:size]
