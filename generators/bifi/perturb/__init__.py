"""BIFI's round 0: correct code broken by rules, in the three categories of mistakes, one or two edits at a time.

BIFI's own script is not published, nor is its list of rules; what is known is that they drop and alter tokens and fall
into three categories. The operators here are our reconstruction: one bracket, one step of indentation (for PowerShell:
white space and line breaks), one other sign, word or quote deleted, doubled, replaced or moved, and the slips that
people are seen to make, weighted roughly by how often. Every result has passed the critic's test.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from generators.bifi.critic import CATEGORIES, MAX_DISTANCE, Category, is_breakage
from generators.bifi.perturb import brackets, indentation, powershell, python, token_edits
from generators.bifi.perturb.operator import Operator
from generators.bifi.perturb.source import Edit, Source, apply, overlap
from validators import Language

__all__ = ["OPERATORS", "Operator", "Perturbation", "perturb"]

OPERATORS: tuple[Operator, ...] = (
    *brackets.OPERATORS, *indentation.OPERATORS, *token_edits.OPERATORS, *python.OPERATORS, *powershell.OPERATORS,
)  # fmt: skip
DRAWS = 8  # of edits, in each category, until the critic takes one
SECOND_EDIT = 0.2  # how often there are two


@dataclass(frozen=True, slots=True)
class Perturbation:
    """A snippet broken by rules."""

    broken: str
    category: Category  # of the operators; the critic may see another in their result
    operators: tuple[str, ...]


def perturb(language: Language, code: str, rng: random.Random, max_distance: int = MAX_DISTANCE) -> Perturbation | None:
    """Break ``code``, or give None where some draws in every category did not.

    The category is drawn first, each with equal chance, then operators by weight among those that have a site, then
    a site and an edit, each with equal chance.
    """
    source = Source.of(language, code)
    for category in rng.sample(CATEGORIES, len(CATEGORIES)):
        for _ in range(DRAWS):
            drawn = _draw(source, category, rng)
            if not drawn:
                break
            operators, edits = zip(*drawn, strict=True)
            broken = apply(code, edits)
            if not overlap(edits) and is_breakage(language, broken, code, max_distance):
                return Perturbation(broken, category, tuple(operator.name for operator in operators))
    return None


def _draw(source: Source, category: Category, rng: random.Random) -> list[tuple[Operator, Edit]]:
    """One or two edits, not necessarily apart; none where no operator of the category has a site."""
    count = 1 + (rng.random() < SECOND_EDIT)
    drawn = (_draw_edit(source, category, rng) for _ in range(count))
    return [edit for edit in drawn if edit]


def _draw_edit(source: Source, category: Category, rng: random.Random) -> tuple[Operator, Edit] | None:
    left = list(_operators(source.language, category))
    while left:
        operator = rng.choices(left, [one.weight for one in left])[0]
        sites = operator.sites(source)
        edits = operator.edits(source, rng.choice(sites)) if sites else ()
        if edits:
            return operator, rng.choice(edits)
        left.remove(operator)
    return None


@cache
def _operators(language: str, category: Category) -> Sequence[Operator]:
    return [one for one in OPERATORS if one.category == category and one.examples(language)]
