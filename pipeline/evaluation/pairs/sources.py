"""Where pairs to compare are from: published datasets, and the files that `pipeline.benchmarks.formats` reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from pipeline.benchmarks.benchmark import Benchmark
from pipeline.benchmarks.formats import load_benchmark
from pipeline.dataset.version import read_manifest
from pipeline.files.parquet import load
from pipeline.files.storage import Storage
from schemas.errors import RequestError
from schemas.manifest import Manifest
from validators import get_language
from validators.edit_types import PairEdits, pair_edits

Pair = tuple[str, str]  # broken, fixed


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """How the columns of files are called where not as usual; None: as usual."""

    broken: str | None = None
    fixed: str | None = None


class PairSource(Protocol):
    """Pairs by their place, from 0."""

    identity: str  # hash of the content, in hex
    total: int

    def take(self, places: Sequence[int]) -> list[Pair]:
        """The pairs at these places, which ascend."""
        ...


class _PublishedPairs:
    """All splits of a dataset's pairs; a file in memory at a time."""

    def __init__(self, storage: Storage, manifest: Manifest, language: str) -> None:
        self._storage = storage
        self._files = [file for file in manifest.files if file.config == language]
        if not self._files:
            there = ", ".join(sorted({file.config for file in manifest.files})) or "no file"
            raise RequestError(f"{storage.uri} has no pairs of {language} but {there}; see --language")
        self.identity = manifest.fingerprint
        self.total = sum(file.rows for file in self._files)

    def take(self, places: Sequence[int]) -> list[Pair]:
        return list(self._taken(places))

    def _taken(self, places: Sequence[int]) -> Iterator[Pair]:
        start = 0
        for file in self._files:
            rows = [place - start for place in places if start <= place < start + file.rows]
            start += file.rows
            if rows:
                table = load(self._storage, file, ("broken", "fixed")).take(pa.array(rows))
                yield from zip(table["broken"].to_pylist(), table["fixed"].to_pylist(), strict=True)


class _FilePairs:
    """The rows of a file that have a truth."""

    def __init__(self, benchmark: Benchmark) -> None:
        self._pairs = [(row.broken, row.fixed) for row in benchmark.problems if row.fixed is not None]
        self.identity = benchmark.sha256
        self.total = len(self._pairs)

    def take(self, places: Sequence[int]) -> list[Pair]:
        return [self._pairs[place] for place in places]


def open_pairs(place: str, language: str, columns: Columns) -> PairSource:
    """The pairs of a dataset or file; nothing but the manifest is read of a dataset.

    Args:
        place: path or URI of a published dataset; or a file or folder that `load_benchmark` reads.
        language: that the code is of.
        columns: of a file.

    Raises:
        RequestError: there is neither, or there are no pairs of the language.
        RunError: the dataset is damaged.
    """
    local = Path(place)
    if not local.is_file():
        storage = Storage(place)
        published = read_manifest(storage)
        if published is not None:
            return _PublishedPairs(storage, published[0], language)
        if not local.is_dir() or not any(local.glob("*.json")):
            raise RequestError(f"{place} is neither a published dataset nor a file of pairs; give the one or the other")
    source = _FilePairs(load_benchmark(place, language, broken_column=columns.broken, fixed_column=columns.fixed))
    if not source.total:
        raise RequestError(f"{place} holds broken code alone: give pairs of broken and fixed code")
    return source


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanPairs:
    """What became of the rows of a file of real mistakes. A row counts if it shows what the parser has to say."""

    name: str
    sha256: str
    rows: int
    without_truth: int
    broken_accepted: int
    fixed_rejected: int  # where the parser refuses the broken side too
    without_edits: int  # both sides have the same tokens
    pairs: frozenset[Pair]  # of the rows that count
    edits: tuple[PairEdits, ...]  # of the same rows, in their order


def load_people(files: Sequence[str], language: str, columns: Columns) -> list[HumanPairs]:
    """Read files of real mistakes, which are counted as one.

    Raises:
        RequestError: a file cannot be read or is given twice, or no row counts.
    """
    people: list[HumanPairs] = []
    for file in files:
        benchmark = load_benchmark(file, language, broken_column=columns.broken, fixed_column=columns.fixed)
        if any(benchmark.sha256 == other.sha256 for other in people):
            raise RequestError(f"--human {file} has the content of another --human: give each file once")
        people.append(_judge(benchmark))
    if not any(each.edits for each in people):
        raise RequestError(
            f"no pair of {', '.join(files)} has a broken side that the parser of {language} refuses and a fixed one "
            "that it accepts: see --language"
        )
    return people


def _judge(benchmark: Benchmark) -> HumanPairs:
    language = get_language(benchmark.language)
    without_truth = broken_accepted = fixed_rejected = without_edits = 0
    pairs: list[Pair] = []
    found: list[PairEdits] = []
    for row in benchmark.problems:
        if row.fixed is None:
            without_truth += 1
        elif language.check(row.broken).accepted:
            broken_accepted += 1
        elif not language.check(row.fixed).accepted:
            fixed_rejected += 1
        elif not (edits := pair_edits(language, row.broken, row.fixed)).types:
            without_edits += 1
        else:
            pairs.append((row.broken, row.fixed))
            found.append(edits)
    return HumanPairs(
        name=benchmark.name, sha256=benchmark.sha256, rows=len(benchmark.problems), without_truth=without_truth,
        broken_accepted=broken_accepted, fixed_rejected=fixed_rejected, without_edits=without_edits,
        pairs=frozenset(pairs), edits=tuple(found),
    )  # fmt: skip
