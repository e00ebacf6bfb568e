"""What is published in OUT: the manifest, and whether the version it describes is all there."""

from __future__ import annotations

import hashlib
import json

from pydantic import ValidationError

from pipeline.dataset.card import render_card
from pipeline.files.storage import MissingFileError, Storage
from schemas.errors import RunError
from schemas.manifest import Manifest

MANIFEST, CARD = "manifest.json", "README.md"
FORMAT_VERSION = 1


class ManifestError(RunError):
    """A manifest.json that cannot be read."""


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest as it is published."""
    return (json.dumps(manifest.model_dump(mode="json"), indent=1) + "\n").encode()


def encode_card(manifest: Manifest, data: bytes) -> bytes:
    """The dataset card that belongs to a manifest; it names the checksum of the manifest's bytes."""
    return render_card(manifest, hashlib.sha256(data).hexdigest()).encode()


def belong_together(card: bytes, manifest: Manifest, data: bytes) -> bool:
    """Whether both are whole and of one version."""
    named = hashlib.sha256(data).hexdigest().encode() in card
    return named and card == encode_card(manifest, data)


def read_manifest(storage: Storage) -> tuple[Manifest, bytes] | None:
    """The manifest and its bytes; None where nothing was published.

    Raises:
        ManifestError: the file is damaged, or of another program or format.
    """
    try:
        data = storage.read(MANIFEST)
    except MissingFileError:
        return None
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the file"
        message = f"{storage.uri} has a {MANIFEST} that is damaged or not of repairgen: {where}"
        raise ManifestError(f"{message}: {error.errors()[0]['msg']}") from error
    if manifest.fingerprint != manifest.identity.fingerprint:
        raise ManifestError(f"{storage.uri} has a {MANIFEST} that is damaged: its fingerprint is not of its identity")
    if manifest.format_version != FORMAT_VERSION:
        raise ManifestError(
            f"{storage.uri} has a {MANIFEST} of format {manifest.format_version}, this version reads {FORMAT_VERSION}"
        )
    return manifest, data


def is_complete(storage: Storage, manifest: Manifest, data: bytes) -> bool:
    """Whether the card of this manifest is out and every file has its size; `verify` looks closer."""
    try:
        card = storage.read(CARD)
        return belong_together(card, manifest, data) and all(storage.size(f.path) == f.bytes for f in manifest.files)
    except MissingFileError:
        return False
