"""The finished shards that are published."""

from __future__ import annotations

from pipeline.dataset.publish import Distinct
from pipeline.files.parquet import load
from pipeline.files.storage import Storage
from schemas.ledger import Ledger
from schemas.manifest import Receipt


class Prefix:
    """The finished shards 0, 1, 2, ... as far as they go without a gap and until they hold enough distinct pairs.

    Only these are published, so what is published does not depend on which shards finish first.
    """

    def __init__(self, storage: Storage, target: int) -> None:
        self.target = target
        self.pairs = 0
        self.receipts: list[Receipt] = []
        self._storage = storage
        self._waiting: dict[int, Receipt] = {}
        self._distinct = Distinct()

    @property
    def enough(self) -> bool:
        """Whether there are as many pairs as were asked for."""
        return self.pairs >= self.target

    @property
    def ledger(self) -> Ledger:
        """Of the shards in the prefix."""
        return Ledger.total(Ledger.from_dict(receipt.ledger) for receipt in self.receipts)

    def add(self, receipt: Receipt) -> None:
        """Take note of a finished shard, whichever it is."""
        self._waiting[receipt.shard] = receipt
        while not self.enough and (first := self._waiting.pop(len(self.receipts), None)) is not None:
            table = load(self._storage, first.pairs, ("broken", "fixed"))
            texts = zip(table["broken"].to_pylist(), table["fixed"].to_pylist(), strict=True)
            self.pairs += sum(self._distinct.add(broken, fixed) for broken, fixed in texts)
            self.receipts.append(first)
