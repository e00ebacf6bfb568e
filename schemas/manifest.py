"""Receipts of shards and the manifest of a published version."""

from __future__ import annotations

from typing import Any

from schemas.frozen import Frozen
from schemas.ids import fingerprint

NEAR = 5  # tokens: how far apart a last-mile mistake and its repair are at most


class Identity(Frozen):
    """Everything that can change a row: settings, model, parsers, schema, versions, by dotted path."""

    fields: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the fields; equal runs have equal fingerprints."""
        return fingerprint(self.fields)

    def differences(self, other: Identity) -> list[str]:
        """The paths at which two identities differ, sorted."""
        keys = self.fields.keys() | other.fields.keys()
        return sorted(k for k in keys if self.fields.get(k) != other.fields.get(k))


class StoredFile(Frozen):
    """A file that was written, as a reader can check it."""

    path: str  # relative to OUT
    rows: int
    bytes: int
    sha256: str


class Spent(Frozen):
    """What a paid service counted, in answers and tokens; those of batches, which cost less, apart."""

    answers: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    batched_input_tokens: int = 0
    batched_output_tokens: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(**{name: getattr(self, name) + getattr(other, name) for name in Spent.model_fields})


class LevelYield(Frozen):
    """What became of rows that stood at one noise level; duplicates are counted too."""

    sampled: int = 0
    repaired: int = 0  # c_0 is accepted, and c_t is another text
    pairs: int = 0
    near: int = 0  # pairs at most `NEAR` tokens apart

    def __add__(self, other: LevelYield) -> LevelYield:
        return LevelYield(**{name: getattr(self, name) + getattr(other, name) for name in LevelYield.model_fields})


class Receipt(Frozen):
    """What a finished shard says of itself; its file is written last."""

    shard: int
    identity: str  # fingerprint
    pairs: StoredFile
    rejected: StoredFile | None
    ledger: dict[str, Any]
    spent: Spent | None = None  # None where nothing is paid for
    levels: dict[int, LevelYield] | None = None  # by tenth of t/T, from 0; None where rows have no timestep


class PublishedFile(StoredFile):
    """A file of the published dataset."""

    config: str  # excel, or excel_rejected
    split: str


class Manifest(Frozen):
    """The published version: identity, ledger, every file."""

    format_version: int = 1
    schema_version: int
    identity: Identity
    fingerprint: str
    shards: int
    ledger: dict[str, Any]
    files: list[PublishedFile]
    statistics: dict[str, Any]  # figures that the card prints
