"""Pairs from correct formulas: a snippet, an operator, a site."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence

from generators.base import Candidate, Snippet, draw
from generators.flame.base import Operator, Sites, apply
from generators.flame.formula import Formula
from generators.flame.operators import OPERATORS
from generators.flame.weights import Weights, weights_hash
from schemas.config import FlameOptions
from schemas.errors import RequestError
from schemas.reasons import Reason


class FlameGenerator:
    """Breaks each drawn formula with one operator at one of its sites.

    The operator is drawn among those that apply to the formula: uniformly as in the paper, or in proportion to the
    weights; the site uniformly among the operator's. What Excel accepts all the same is left to the filters.
    """

    name = "flame"

    def __init__(self, snippets: Sequence[Snippet], options: FlameOptions, weights: Weights) -> None:
        """Raises RequestError where there is no snippet."""
        if not snippets:
            raise RequestError("flame has no formula to break: give a corpus of correct formulas")
        self._snippets = snippets
        self._sampler = f"sampler={options.sampler}"
        self._shares = [1.0] * len(OPERATORS)
        if options.sampler == "weighted":
            self._sampler += f" weights={weights_hash(weights)[:16]}"
            self._shares = [weights.shares[operator.name] for operator in OPERATORS]

    def generate(self, shard_seed: int, rows: int) -> Iterator[Candidate]:
        """The candidates of a shard, in row order."""
        yield from self.candidates(shard_seed, range(rows))

    def candidates(self, shard_seed: int, rows: Iterable[int]) -> Iterator[Candidate]:
        """The candidates of any rows of a shard."""
        return (self._candidate(shard_seed, row) for row in rows)

    def _candidate(self, shard_seed: int, row: int) -> Candidate:
        seed, snippet, rng = draw(self._snippets, shard_seed, row)
        drawn = self._draw_operator(Formula(snippet.code), rng)
        if drawn is None:
            return Candidate(
                row=row, seed=seed, broken="", fixed=snippet.code, recipe=self._sampler,
                source_id=snippet.source_id, failure=Reason.NOT_APPLICABLE,
            )  # fmt: skip
        operator, sites = drawn
        return Candidate(
            row=row, seed=seed, broken=apply(snippet.code, sites[rng.randrange(len(sites))]).text, fixed=snippet.code,
            recipe=f"operator={operator.name} {self._sampler}", source_id=snippet.source_id,
        )  # fmt: skip

    def _draw_operator(self, formula: Formula, rng: random.Random) -> tuple[Operator, Sites] | None:
        """An operator that applies, and its sites. Drawing again where one does not is drawing among those that do."""
        operators, shares = list(OPERATORS), list(self._shares)
        while any(shares):
            (drawn,) = rng.choices(range(len(operators)), shares)
            sites = operators[drawn].sites(formula)
            if len(sites):
                return operators[drawn], sites
            del operators[drawn], shares[drawn]
        return None
