"""What systems proposed, kept on disk, so that an evaluation that is run again asks no system twice."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable

from pipeline.benchmarks.benchmark import Benchmark
from pipeline.evaluation.repair.systems import Proposal, System
from pipeline.files.storage import MissingFileError, Storage
from schemas.ids import canonical_json, fingerprint

Tell = Callable[[str], None]

_FOLDER = ".work/proposals"
_REPORTS = 10  # lines of progress a system


def proposals_of(system: System, benchmark: Benchmark, storage: Storage, tell: Tell) -> list[list[Proposal]]:
    """A system's proposals for each problem: those that are kept for its identity and this benchmark, else new ones.

    Args:
        system: is asked for what is not kept.
        benchmark: whose broken code and hash decide, with the system's identity, what is kept.
        storage: of the evaluation's folder.
        tell: gets lines of progress.
    """
    about = {
        "system": system.identity, "language": benchmark.language, "sha256": benchmark.sha256,
        "broken": fingerprint([problem.broken for problem in benchmark.problems]),
    }  # fmt: skip
    path = f"{_FOLDER}/{fingerprint(about)[:24]}.jsonl.gz"
    total = len(benchmark.problems)
    every = max(1, total // _REPORTS)

    def keep() -> None:
        lines = [canonical_json(about), *(json.dumps([[p.level, p.sample, p.text] for p in given]) for given in found)]
        storage.write(path, compress("\n".join(lines)))

    found = _read(storage, path)
    if found:
        problems = f"{len(found):,} of {total:,} problems of {benchmark.name}"
        tell(f"{system.name}: proposals for {problems} are kept from an earlier run")
    if len(found) == total:
        return found
    for given in system.propose(benchmark.problems[len(found) :]):
        found.append(given)
        if len(found) % every == 0 or len(found) == total:
            tell(f"{system.name}: {len(found):,} of {total:,} problems of {benchmark.name}")
            if system.independent and len(found) < total:
                keep()
    if len(found) != total:
        raise ValueError(f"{system.name} answered {len(found)} of {total} problems: a system yields one list for each")
    if system.failed:
        tell(f"{system.name}: {system.failed:,} requests failed; the same command asks for these again")
    else:
        keep()
    return found


def compress(text: str) -> bytes:
    """Text with gzip, the same bytes for the same text."""
    return gzip.compress(text.encode("utf-8", "surrogatepass"), mtime=0)


def _read(storage: Storage, path: str) -> list[list[Proposal]]:
    """What a file keeps, for the first problems or all; nothing where there is none, or one that is damaged."""
    try:
        lines = gzip.decompress(storage.read(path)).split(b"\n")[1:]
        return [[Proposal(level=level, sample=n, text=text) for level, n, text in json.loads(line)] for line in lines]
    except (MissingFileError, OSError, EOFError, zlib.error, ValueError, TypeError):
        return []
