"""Broken formulas: the same whatever else is asked for, operators and sites drawn as they should be, provenance."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

import pytest

from generators.base import Snippet
from generators.flame.base import apply
from generators.flame.formula import Formula
from generators.flame.generator import FlameGenerator
from generators.flame.operators import NAMES, OPERATORS
from generators.flame.weights import Provenance, Weights, weights_hash
from schemas.config import FlameOptions
from schemas.errors import RequestError
from schemas.reasons import Reason
from tests.generators.flame.formulas import EVERYTHING

SEED, ROWS = 11, 60
CHI_SQUARE = {3: 11.34, 9: 21.67, 16: 32.00}  # 99th percentiles, by degrees of freedom
FORMULAS = [EVERYTHING, "=A1+B1", "=SUM(A1:A9)", "='Q1 data'!B2&\"ok\"", "=MOD(A1,3)<>0"]


def weights(shares: Mapping[str, float]) -> Weights:
    provenance = Provenance(pairs=1, explained=1, method="made up")
    return Weights(shares={name: shares.get(name, 0.0) for name in NAMES}, provenance=provenance)


EVEN = weights(dict.fromkeys(NAMES, 1 / 17))


def generator(*formulas: str, sampler: str = "uniform", shares: Weights = EVEN) -> FlameGenerator:
    snippets = [Snippet(code, f"book:{i}") for i, code in enumerate(formulas)]
    return FlameGenerator(snippets, FlameOptions.model_validate({"sampler": sampler}), shares)


def operators(*formulas: str, rows: int, sampler: str = "uniform", shares: Weights = EVEN) -> Counter[str]:
    """How often each operator was drawn, by the recipes."""
    candidates = generator(*formulas, sampler=sampler, shares=shares).generate(SEED, rows)
    return Counter(c.recipe.split()[0].removeprefix("operator=") for c in candidates)


def chi_square(observed: Mapping[str, int], expected: Mapping[str, float]) -> float:
    assert observed.keys() <= expected.keys()
    return sum((observed.get(key, 0) - n) ** 2 / n for key, n in expected.items())


@pytest.mark.parametrize("sampler", ["uniform", "weighted"])
def test_a_row_depends_on_the_seed_and_its_index_alone(sampler: str) -> None:
    full = list(generator(*FORMULAS, sampler=sampler).generate(SEED, ROWS))
    assert [candidate.row for candidate in full] == list(range(ROWS))
    assert len({candidate.broken for candidate in full}) > ROWS / 2
    rows = list(range(ROWS))
    random.Random(3).shuffle(rows)
    for first in range(0, ROWS, 7):
        wanted = rows[first : first + 7]
        part = list(generator(*FORMULAS, sampler=sampler).candidates(SEED, wanted))
        assert [candidate.row for candidate in part] == wanted
        assert all(candidate == full[candidate.row] for candidate in part)
    assert full != list(generator(*FORMULAS, sampler=sampler).generate(SEED + 1, ROWS))


def test_the_operator_of_the_recipe_makes_the_broken_text_of_the_snippet() -> None:
    by_name = {operator.name: operator for operator in OPERATORS}
    by_source = {f"book:{i}": code for i, code in enumerate(FORMULAS)}
    for candidate in generator(*FORMULAS).generate(SEED, ROWS):
        name, sampler = candidate.recipe.split()
        assert sampler == "sampler=uniform"
        assert candidate.fixed == by_source[candidate.source_id or ""]
        sites = by_name[name.removeprefix("operator=")].sites(Formula(candidate.fixed))
        assert candidate.broken in {apply(candidate.fixed, sites[i]).text for i in range(len(sites))}
        assert candidate.failure is None and candidate.timestep is None


def test_operators_are_drawn_uniformly() -> None:
    drawn = operators(EVERYTHING, rows=3_400)
    assert chi_square(drawn, dict.fromkeys(NAMES, 200.0)) < CHI_SQUARE[16]


def test_operators_are_drawn_uniformly_among_those_that_apply() -> None:
    drawn = operators("=A1+B1", rows=1_000)
    assert chi_square(drawn, dict.fromkeys(NAMES[13:], 250.0)) < CHI_SQUARE[3]


def test_operators_are_drawn_in_proportion_to_their_weights_among_those_that_apply() -> None:
    shares = {"wrong_range": 0.5, "add_random_operator": 0.1, "add_operator_at_the_end": 0.3, "add_parentheses": 0.1}
    drawn = operators("=A1+B1", rows=1_000, sampler="weighted", shares=weights(shares))
    expected = {"add_random_operator": 200.0, "add_operator_at_the_end": 600.0, "add_parentheses": 200.0}
    assert chi_square(drawn, expected) < CHI_SQUARE[3]


def test_sites_are_drawn_uniformly() -> None:
    only = weights({"wrong_range": 1.0})
    candidates = generator("=SUM(A1:A2,B1:B2)", sampler="weighted", shares=only).generate(SEED, 2_000)
    ends = ("A1{}A2,B1:B2", "A1:A2,B1{}B2")
    expected = {f"=SUM({end.format(symbol)})": 200.0 for end in ends for symbol in (";", ",", " ", '"', "")}
    assert chi_square(Counter(c.broken for c in candidates), expected) < CHI_SQUARE[9]


def test_weights_are_named_in_the_recipe_and_count_only_where_they_are_used() -> None:
    other = weights({"add_operator_at_the_end": 1.0})
    recipe = next(generator("=A1", sampler="weighted", shares=other).generate(SEED, 1)).recipe
    assert recipe == f"operator=add_operator_at_the_end sampler=weighted weights={weights_hash(other)[:16]}"
    uniform = [list(generator(*FORMULAS, shares=shares).generate(SEED, ROWS)) for shares in (EVEN, other)]
    assert uniform[0] == uniform[1]


@pytest.mark.parametrize(
    ("formula", "shares"), [("=", EVEN), ("", EVEN), ("=A1+B1", weights({"wrong_range": 0.4, "malformed_range": 0.6}))]
)
def test_a_snippet_to_which_nothing_applies_is_a_row_with_that_reason(formula: str, shares: Weights) -> None:
    for candidate in generator(formula, sampler="weighted", shares=shares).generate(SEED, 5):
        assert candidate.failure is Reason.NOT_APPLICABLE
        assert (candidate.broken, candidate.fixed, candidate.source_id) == ("", formula, "book:0")


def test_no_snippets_are_a_wrong_request() -> None:
    with pytest.raises(RequestError, match="no formula to break"):
        generator()
