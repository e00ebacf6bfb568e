"""What an executor is: who runs the shards. The bytes are the same whoever does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from schemas.manifest import Receipt


class Executor(Protocol):
    """Turns numbers of shards into receipts."""

    def execute(self, shards: Iterator[int]) -> Iterator[Receipt]:
        """Run the shards of a lazy, possibly long iterator, a bounded number at a time.

        A Python generator: it yields receipts in any order, and closing it cancels what is in flight.
        """
        ...
