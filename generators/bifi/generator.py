"""Pairs from correct snippets: a trained breaker, or the operators of round 0, break them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from generators.base import Candidate, Snippet, draw
from generators.bifi.critic import category, distance, is_breakage
from generators.bifi.perturb import perturb
from schemas.config import BifiOptions
from schemas.reasons import Reason
from validators import Language

if TYPE_CHECKING:  # torch is not needed for the operators
    from generators.bifi.rewriter import Rewriter


class BifiGenerator:
    """Draws snippets and breaks them; what the critic does not take for a mistake is no candidate.

    With a breaker a row always runs in its own slot of its own tile, and all of a tile is computed whichever rows are
    asked for: a matrix product may round differently for another shape, so the shape is fixed and a row depends on
    the shard's seed and its index alone.
    """

    name = "bifi"

    def __init__(
        self, snippets: Sequence[Snippet], options: BifiOptions, language: Language,
        breaker: Rewriter | None, breaker_hash: str | None,
    ) -> None:  # fmt: skip
        self._snippets = snippets
        self._options = options
        self._language = language
        self._breaker = breaker
        self._recipe = f"breaker={(breaker_hash or '')[:16]} beams={options.beams} tile={options.tile}"

    def generate(self, shard_seed: int, rows: int) -> Iterator[Candidate]:
        """The candidates of a shard, in row order."""
        yield from self.candidates(shard_seed, range(rows))

    def candidates(self, shard_seed: int, rows: Iterable[int]) -> Iterator[Candidate]:
        """The candidates of any rows of a shard; the same texts whatever rows are asked for."""
        if self._breaker is None:
            for row in rows:
                yield self._perturbed(shard_seed, row)
            return
        by_tile: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            by_tile[row // self._options.tile].append(row)
        for tile, wanted in by_tile.items():
            yield from self._run_tile(self._breaker, shard_seed, tile, wanted)

    def _perturbed(self, shard_seed: int, row: int) -> Candidate:
        seed, snippet, rng = draw(self._snippets, shard_seed, row)
        broken = perturb(self._language, snippet.code, rng, self._options.max_distance)
        return Candidate(
            row=row, seed=seed, broken=broken.broken if broken else "", fixed=snippet.code, source_id=snippet.source_id,
            recipe=f"operators={','.join(broken.operators)} category={broken.category}" if broken else "operators",
            failure=None if broken else Reason.NOT_APPLICABLE,
        )  # fmt: skip

    def _run_tile(self, breaker: Rewriter, shard_seed: int, tile: int, rows: list[int]) -> Iterator[Candidate]:
        first = tile * self._options.tile
        drawn = [draw(self._snippets, shard_seed, first + slot) for slot in range(self._options.tile)]
        outputs = list(breaker.rewrite([snippet.code for _, snippet, _ in drawn], self._options.beams))
        for row in rows:
            seed, snippet, rng = drawn[row - first]
            texts, limit = outputs[row - first], self._options.max_distance
            kept = [text for text in texts if is_breakage(self._language, text, snippet.code, limit)]
            yield Candidate(
                row=row, seed=seed, broken=rng.choice(kept) if kept else "", fixed=snippet.code,
                source_id=snippet.source_id, recipe=self._recipe,
                failure=None if kept else self._failure(texts, snippet.code),
            )  # fmt: skip

    def _failure(self, texts: Sequence[str], code: str) -> Reason:
        """Why none of the outputs will do, told of the likeliest one that is a change at all."""
        if not texts:
            return Reason.NOT_APPLICABLE
        for text in texts:
            edits = distance(self._language, text, code)
            if not edits:
                continue
            return Reason.BROKEN_ACCEPTED if category(self._language, text) is None else Reason.TOO_FAR
        return Reason.IDENTICAL
