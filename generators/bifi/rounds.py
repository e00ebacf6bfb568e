"""The parts of BIFI's loop that make pairs; training is between them (`src/c003` to `c007` of the authors' code).

    round 0    round0_pairs -> fixer
    round n    fixer -> real_pairs -> breaker -> breaker_pairs -> fixer

All outputs of the beam that pass are kept, as in the authors' code. One thing differs: where brackets did not balance
they keep repairs whose brackets do even if these do not parse; here the validator must accept every repair.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import Field

from generators.bifi.critic import MAX_DISTANCE, Category, breakage, category, is_repair
from generators.bifi.perturb import perturb
from schemas.frozen import Strict
from schemas.ids import derive_seed
from validators import Language


class LoopConfig(Strict):
    """How many pairs a round makes."""

    round0_draws: int = Field(ge=1)  # snippets that are broken by rules
    breaker_mixture: int = Field(ge=3)  # pairs that a breaker is trained on
    broken_snippets: int | None = Field(ge=1)  # good snippets that the breaker is run on, drawn anew; None: all
    outputs: int = Field(default=10, ge=1, le=32)  # of fixer and breaker for each snippet, as many as beams
    max_distance: int = Field(default=MAX_DISTANCE, ge=1)  # of a pair, in words


LOOPS = {
    "faithful": LoopConfig(round0_draws=1_000_000, breaker_mixture=3_000_000, broken_snippets=None),
    "small": LoopConfig(round0_draws=200_000, breaker_mixture=150_000, broken_snippets=20_000, outputs=5),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Broken and fixed code, and the class of the mistake."""

    broken: str
    fixed: str
    category: Category


class Rewrites(Protocol):
    """A fixer or a breaker."""

    def rewrite(self, codes: Sequence[str], outputs: int) -> Iterator[list[str]]:
        """For each code up to ``outputs`` texts, the likeliest first."""
        ...


def round0_pairs(language: Language, good: Sequence[str], draws: int, seed: int) -> Iterator[list[Pair]]:
    """Snippets broken by rules, each as often as the others, in random order: for each draw a pair, or none."""
    order = list(range(len(good)))
    random.Random(derive_seed("round 0", seed)).shuffle(order)
    for draw in range(draws):
        code = good[order[draw % len(order)]]
        made = perturb(language, code, random.Random(derive_seed("round 0", seed, draw)))
        yield [Pair(made.broken, code, made.category)] if made else []


def real_pairs(
    language: Language, fixer: Rewrites, bad: Sequence[str], outputs: int, max_distance: int = MAX_DISTANCE
) -> Iterator[list[Pair]]:
    """For each piece of real broken code the fixer's outputs that repair it."""
    for broken, texts in zip(bad, fixer.rewrite(bad, outputs), strict=True):
        kind = category(language, broken)
        yield [Pair(broken, text, kind) for text in texts if kind and is_repair(language, broken, text, max_distance)]


def breaker_pairs(
    language: Language, breaker: Rewrites, good: Sequence[str], outputs: int, max_distance: int = MAX_DISTANCE
) -> Iterator[list[Pair]]:
    """For each piece of good code the breaker's outputs that break it."""
    for fixed, texts in zip(good, breaker.rewrite(good, outputs), strict=True):
        kinds = ((text, breakage(language, text, fixed, max_distance)) for text in texts)
        yield [Pair(text, fixed, kind) for text, kind in kinds if kind]
