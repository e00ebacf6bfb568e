"""Seeds, identifiers and fingerprints: everything that must come out the same on a rerun."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(*parts: object) -> str:
    """SHA-256, in hex, of the parts; each is told from its neighbours, so ("ab", "c") is not ("a", "bc")."""
    text = "\x1f".join(f"{len(str(p))}:{p}" for p in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def derive_seed(*parts: object) -> int:
    """A seed of 63 bits that depends on the parts and nothing else."""
    return int(digest(*parts)[:16], 16) >> 1


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spare white space: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def fingerprint(value: Any) -> str:
    """SHA-256, in hex, of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
