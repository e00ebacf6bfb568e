"""Shards in this process, without Ray; the bytes are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generators.base import Generator
from pipeline.files.storage import Storage
from pipeline.run.plan import Plan
from pipeline.run.shard import finish, sample
from schemas.config import RunConfig
from schemas.manifest import Receipt


class LocalExecutor:
    """One shard after the other, in this process. The generator is made when the first shard is asked for."""

    def __init__(
        self, make_generator: Callable[[], Generator], config: RunConfig, fingerprint: str, storage: Storage
    ) -> None:
        self._make_generator = make_generator
        self._config = config
        self._fingerprint = fingerprint
        self._storage = storage

    def execute(self, shards: Iterator[int]) -> Iterator[Receipt]:
        """Receipts in the order of the shards."""
        plan = Plan(self._config)
        generator: Generator | None = None
        for shard in shards:
            generator = generator or self._make_generator()
            candidates = sample(generator, plan, shard)
            yield finish(candidates, self._config, self._fingerprint, shard, self._storage)
