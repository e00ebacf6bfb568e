"""The contract of a generator: a seed and a count in, candidates out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from schemas.reasons import Reason


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
