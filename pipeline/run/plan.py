"""The plan of a run: how many rows a shard has, from which seed, and how many shards there may be."""

from __future__ import annotations

import math
from dataclasses import dataclass

from schemas.config import RunConfig
from schemas.ids import derive_seed


@dataclass(frozen=True, slots=True)
class Plan:
    """Follows from the configuration alone; shards are numbered from 0."""

    config: RunConfig

    @property
    def rows(self) -> int:
        """Rows that are sampled for a shard."""
        return self.config.shard_rows

    @property
    def max_shards(self) -> int:
        """Shards after which the run gives up."""
        return math.ceil(self.config.pairs * self.config.attempts_per_pair / self.rows)

    def shard_seed(self, shard: int) -> int:
        """What the rows of a shard are drawn from."""
        return derive_seed("shard", self.config.seed, shard)
