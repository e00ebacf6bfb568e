"""Benchmark files, and whether a pair touches one of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache

import fsspec

from schemas.errors import RequestError


def normalise(code: str) -> bytes:
    """A digest that white space and letter case do not change: a benchmark is met even where it was reformatted."""
    text = "".join(code.split()).casefold()
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def benchmark_hashes(files: Sequence[str]) -> list[str]:
    """SHA-256, in hex, of the content of each file, sorted: the order of the files changes nothing.

    Raises:
        RequestError: a file cannot be read.
    """
    return sorted(hashlib.sha256(_read(file)).hexdigest() for file in files)


@cache
def benchmark_texts(files: tuple[str, ...]) -> frozenset[bytes]:
    """Every text of the files, normalised.

    Raises:
        RequestError: a file cannot be read, or is no JSON list of {"Buggy": ..., "GroundTruth": ...}.
    """
    texts: set[bytes] = set()
    for file in files:
        try:
            rows = json.loads(_read(file))
            texts.update(normalise(row[side]) for row in rows for side in ("Buggy", "GroundTruth"))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            message = f'benchmark {file} must be a JSON list of objects with "Buggy" and "GroundTruth"'
            raise RequestError(message) from error
    return frozenset(texts)


def _read(file: str) -> bytes:
    try:
        with fsspec.open(file, "rb") as stream:
            return bytes(stream.read())
    except (OSError, ImportError, ValueError) as error:
        raise RequestError(f"benchmark {file} cannot be read: {error}") from error
