"""Whether a pair touches a benchmark: whatever `evaluate` reads as one, a run can be kept apart from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

from pipeline.benchmarks.formats import content_hash, read_files, read_problems


def normalise(code: str) -> bytes:
    """A digest that white space and letter case do not change: a benchmark is met even where it was reformatted."""
    text = "".join(code.split()).casefold()
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def benchmark_hashes(files: Sequence[str]) -> list[str]:
    """SHA-256, in hex, of the content of each benchmark, sorted: their order changes nothing.

    Raises:
        RequestError: a file cannot be read.
    """
    return sorted(content_hash(read_files(file)) for file in files)


@cache
def benchmark_texts(files: tuple[str, ...]) -> frozenset[bytes]:
    """Both sides of every problem of the benchmarks, normalised.

    Raises:
        RequestError: a file cannot be read, or holds no benchmark.
    """
    return frozenset(
        normalise(text)
        for file in files
        for problem in read_problems(file)
        for text in (problem.broken, problem.fixed)
        if text is not None
    )
