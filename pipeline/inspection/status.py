"""What OUT says of its run: not started, under way, or published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pipeline.dataset.version import is_complete, read_manifest
from pipeline.files.storage import MissingFileError, Storage
from pipeline.run.driver import IDENTITY
from pipeline.run.shard import SHARDS
from schemas.errors import RunError
from schemas.ledger import Ledger
from schemas.manifest import Identity, Manifest, Receipt


@dataclass(frozen=True, kw_only=True)
class Status:
    """A run as it stands on disk; counts of a run under way are before duplicates are removed."""

    out: str
    state: str  # not started, unfinished, finished
    settings: dict[str, Any]  # the identity's fields
    shards: int
    ledger: Ledger
    manifest: Manifest | None = None

    def to_dict(self) -> dict[str, Any]:
        """As `status --json` prints it."""
        figures = {
            "out": self.out,
            "state": self.state,
            "target": self.settings.get("pairs"),
            "pairs": self.ledger.written,
            "shards": self.shards,
            "ledger": self.ledger.to_dict(),
        }
        if self.manifest is None:
            return figures
        return figures | {"fingerprint": self.manifest.fingerprint, "statistics": self.manifest.statistics}


def read_status(storage: Storage) -> Status:
    """The state of the run in OUT. Reads only, so it may be asked at any time.

    Raises:
        ManifestError, StorageError: what is there cannot be read.
    """
    published = read_manifest(storage)
    if published is not None and is_complete(storage, *published):
        return published_status(storage.uri, published[0])
    settings = _settings(storage)
    receipts = [receipt for path in storage.list(SHARDS) if (receipt := _receipt(storage, path)) is not None]
    return Status(
        out=storage.uri,
        state="not started" if settings is None else "unfinished",
        settings=settings or {},
        shards=len(receipts),
        ledger=Ledger.total(Ledger.from_dict(receipt.ledger) for receipt in receipts),
    )


def published_status(out: str, manifest: Manifest) -> Status:
    """The state of a run that is published."""
    return Status(
        out=out,
        state="finished",
        settings=manifest.identity.fields,
        shards=manifest.shards,
        ledger=Ledger.from_dict(manifest.ledger),
        manifest=manifest,
    )


def _settings(storage: Storage) -> dict[str, Any] | None:
    try:
        return Identity.model_validate_json(storage.read(IDENTITY)).fields
    except MissingFileError:
        return None
    except ValidationError as error:
        raise RunError(f"{storage.uri}/{IDENTITY} is damaged; delete the folder .work to start anew") from error


def _receipt(storage: Storage, path: str) -> Receipt | None:
    """A receipt; None for other files, and for one that is damaged, whose shard will be made again."""
    if not path.endswith(".json"):
        return None
    try:
        return Receipt.model_validate_json(storage.read(path))
    except (MissingFileError, ValidationError):
        return None
