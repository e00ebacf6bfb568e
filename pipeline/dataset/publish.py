"""From finished shards to a published version, which becomes visible at once.

Two passes over the shards in their order, a shard in memory at a time: the first decides and counts, the second
writes. File names carry a hash of the content, so a new version never writes over a file of the one that readers have
open. The dataset card lists the files by name and is written last: it is the commit point.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.dataset.card import pending_card
from pipeline.dataset.statistics import Figures, HumanLikeness, cost, level_yields
from pipeline.dataset.version import CARD, MANIFEST, encode_card, encode_manifest
from pipeline.files.parquet import describe, encode, load
from pipeline.files.storage import Storage
from schemas.config import PublishOptions, RunConfig
from schemas.errors import RunError
from schemas.ids import digest
from schemas.ledger import Ledger
from schemas.manifest import Identity, Manifest, PublishedFile, Receipt
from schemas.reasons import Reason
from schemas.record import PAIR_SCHEMA, REJECT_SCHEMA, SCHEMA_VERSION

SPLITS = ("train", "validation", "test")
_FILE = re.compile(r"(train|validation|test)-\d{5}-of-\d{5}-[0-9a-f]{12}\.parquet")


class Distinct:
    """Remembers pairs by 16 bytes of their hash."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def add(self, broken: str, fixed: str) -> bool:
        """Whether the pair is new; it is remembered."""
        before = len(self._seen)
        self._seen.add(bytes.fromhex(digest(broken, fixed)[:32]))
        return len(self._seen) > before


def split_of(sketch_hash: str, options: PublishOptions) -> str:
    """The split that a sketch belongs to, whatever else is in the dataset."""
    place = int(digest("split", sketch_hash)[:13], 16) / 16**13  # uniform in [0, 1)
    if place < options.test_share:
        return "test"
    return "validation" if place < options.test_share + options.validation_share else "train"


def publish(
    storage: Storage, config: RunConfig, identity: Identity, receipts: Sequence[Receipt],
    statistics: Mapping[str, Any] | None = None,
) -> Manifest:  # fmt: skip
    """Deduplicate, cut, split, write, and make the version visible. Doing it again gives the same bytes.

    Args:
        storage: of OUT.
        config: of the run.
        identity: of the run.
        receipts: of the shards 0, 1, 2, ... that the version is made of.
        statistics: for the manifest, beside those that follow from the pairs.

    Raises:
        RunError: there is no pair, a shard's file is damaged, or (LedgerError) the books do not close.
        StorageError: a file cannot be written; readers still see what they saw before.
    """
    ledger = Ledger.total(Ledger.from_dict(receipt.ledger) for receipt in receipts)
    rows: Counter[str] = Counter()
    for _, table, verdicts in _select(storage, receipts, config.pairs):
        for verdict, sketch in zip(verdicts, table["sketch_hash"].to_pylist(), strict=True):
            if verdict is None:
                rows[split_of(sketch, config.publish)] += 1
            else:
                ledger.withdraw(verdict)
    ledger.check(sampled=len(receipts) * config.shard_rows)
    if not ledger.written == rows.total() > 0:
        raise RunError(f"the shards hold {rows.total()} pairs, {ledger.written} were counted; nothing is published")

    if not storage.exists(CARD):
        storage.write(CARD, pending_card(config.language).encode())
    files, figures, likeness = _write(storage, config, receipts, rows, ledger)
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        identity=identity,
        fingerprint=identity.fingerprint,
        shards=len(receipts),
        ledger=ledger.to_dict(),
        files=files,
        statistics=figures.to_dict(ledger)
        | likeness.to_dict()
        | level_yields(receipts)
        | cost(receipts, config)
        | dict(statistics or {}),
    )
    data = encode_manifest(manifest)
    storage.write(MANIFEST, data)
    storage.write(CARD, encode_card(manifest, data))
    _delete_others(storage, config.language, {file.path for file in files})
    return manifest


def _select(
    storage: Storage, receipts: Sequence[Receipt], target: int
) -> Iterator[tuple[Receipt, pa.Table, list[Reason | None]]]:
    """Each shard with its pairs and, for each, why it is dropped after all; None where it is published."""
    distinct = Distinct()
    published = 0
    for receipt in receipts:
        table = load(storage, receipt.pairs)
        verdicts: list[Reason | None] = []
        for broken, fixed in zip(table["broken"].to_pylist(), table["fixed"].to_pylist(), strict=True):
            if not distinct.add(broken, fixed):
                verdicts.append(Reason.DUPLICATE)
            elif published == target:
                verdicts.append(Reason.SURPLUS)
            else:
                verdicts.append(None)
                published += 1
        yield receipt, table, verdicts


def _write(
    storage: Storage, config: RunConfig, receipts: Sequence[Receipt], rows: Counter[str], ledger: Ledger
) -> tuple[list[PublishedFile], Figures, HumanLikeness]:
    """The data files of the version, and what is counted on the way."""
    language, figures, likeness = config.language, Figures(), HumanLikeness(config.language)

    def writer(folder: str, name: str, split: str, schema: pa.Schema, total: int) -> _Writer:
        return _Writer(storage, f"{folder}/{language}", name, split, schema, total, config.publish.rows_per_file)

    pairs = {split: writer("data", language, split, PAIR_SCHEMA, rows[split]) for split in SPLITS}
    dropped = sum(ledger.reasons.values()) if config.publish.keep_rejected else 0
    rejected = writer("rejected", f"{language}_rejected", "train", REJECT_SCHEMA, dropped)
    for receipt, table, verdicts in _select(storage, receipts, config.pairs):
        places = [
            split_of(sketch, config.publish) if verdict is None else None
            for verdict, sketch in zip(verdicts, table["sketch_hash"].to_pylist(), strict=True)
        ]
        for split in SPLITS:
            part = table.filter(pa.array([place == split for place in places], pa.bool_()))
            figures.add(part)
            pairs[split].add(part)
            if split == "train":
                likeness.add(part)
        if receipt.rejected is not None:
            withdrawn = table.append_column("reason", pa.array(verdicts, pa.string()))
            withdrawn = withdrawn.filter(withdrawn["reason"].is_valid()).cast(REJECT_SCHEMA)
            rejected.add(pa.concat_tables([load(storage, receipt.rejected), withdrawn]).sort_by("id"))
    return [file for each in (*pairs.values(), rejected) for file in each.close()], figures, likeness


class _Writer:
    """One split of one configuration, cut into files; how many rows will come is known beforehand."""

    def __init__(
        self, storage: Storage, folder: str, name: str, split: str, schema: pa.Schema, total: int, rows_per_file: int
    ) -> None:
        self._storage = storage
        self._place = f"{folder}/{split}"
        self._labels: dict[str, Any] = {"config": name, "split": split}
        self._count = math.ceil(total / rows_per_file)
        self._rows_per_file = rows_per_file
        self._waiting = schema.empty_table()
        self._files: list[PublishedFile] = []

    def add(self, table: pa.Table) -> None:
        self._waiting = pa.concat_tables([self._waiting, table])
        while self._waiting.num_rows >= self._rows_per_file:
            self._flush()

    def close(self) -> list[PublishedFile]:
        if self._waiting.num_rows:
            self._flush()
        return self._files

    def _flush(self) -> None:
        table = self._waiting.slice(0, self._rows_per_file)
        self._waiting = self._waiting.slice(self._rows_per_file)
        data = encode(table)
        name = hashlib.sha256(data).hexdigest()[:12]
        path = f"{self._place}-{len(self._files):05d}-of-{self._count:05d}-{name}.parquet"
        self._storage.write(path, data)
        self._files.append(PublishedFile(**describe(path, data, table.num_rows).model_dump(), **self._labels))


def _delete_others(storage: Storage, language: str, named: set[str]) -> None:
    """Remove data files of earlier versions; files that this program does not name so are left alone."""
    for folder in ("data", "rejected"):
        for path in storage.list(f"{folder}/{language}"):
            if path not in named and _FILE.fullmatch(path.rpartition("/")[2]):
                storage.delete(path)
