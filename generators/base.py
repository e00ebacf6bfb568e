"""The contract of a generator: a seed and a count in, candidates out."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.ids import derive_seed
from schemas.reasons import Reason


@dataclass(frozen=True, slots=True)
class Snippet:
    """A correct snippet that a baseline generator breaks."""

    code: str
    source_id: str  # where the corpus says it is from, and a digest of the code


@dataclass(frozen=True, slots=True)
class Usage:
    """What a paid service counted for one answer, in tokens."""

    input_tokens: int
    output_tokens: int
    batched: bool = False  # paid at the batch price


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A broken and a fixed text with their provenance, not yet judged."""

    row: int  # index in the shard
    seed: int  # of the row
    broken: str
    fixed: str
    recipe: str  # model hash and sampler, operator name, prompt hash: enough to replay the row
    source_id: str | None = None  # the snippet it started from; None where it started from pure noise
    trajectory_id: str | None = None
    timestep: int | None = None  # t of the broken side, from 1 to num_steps
    num_steps: int | None = None  # T of the reverse process that was run
    failure: Reason | None = None  # set where no pair of texts came out
    usage: Usage | None = None  # set where the row was paid for

    @property
    def noise_level(self) -> float | None:
        """t/T of the broken side."""
        if self.timestep is None or self.num_steps is None:
            return None
        return self.timestep / self.num_steps


class Generator(Protocol):
    """Anything that makes candidates."""

    name: str

    def generate(self, shard_seed: int, rows: int) -> Iterator[Candidate]:
        """Exactly ``rows`` candidates in row order; they depend on ``shard_seed`` and the row alone."""
        ...

    def candidates(self, shard_seed: int, rows: Iterable[int]) -> Iterator[Candidate]:
        """The same candidates for any selection of rows, as replaying one row needs it."""
        ...


def draw(snippets: Sequence[Snippet], shard_seed: int, row: int) -> tuple[int, Snippet, random.Random]:
    """The seed of a row of a baseline generator, the snippet that it starts from, and the source of its other draws."""
    seed = derive_seed("row", shard_seed, row)
    rng = random.Random(seed)
    return seed, snippets[rng.randrange(len(snippets))], rng
