"""What systems proposed, kept on disk, so that an evaluation that is run again asks no system twice."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable

from pipeline.evaluation.systems import Benchmark, Proposal, System
from pipeline.storage import MissingFileError, Storage
from schemas.ids import canonical_json, fingerprint

Tell = Callable[[str], None]

_FOLDER = ".work/proposals"
_REPORTS = 10  # lines of progress a system


def proposals_of(system: System, benchmark: Benchmark, storage: Storage, tell: Tell) -> list[list[Proposal]]:
    """A system's proposals for each problem: those that are kept for its identity and this benchmark, else new ones.

    Args:
        system: is asked only where nothing is kept.
        benchmark: whose broken code and hash decide, with the system's identity, what is kept.
        storage: of the evaluation's folder.
        tell: gets lines of progress.
    """
    about = {
        "system": system.identity, "language": benchmark.language, "sha256": benchmark.sha256,
        "broken": fingerprint([problem.broken for problem in benchmark.problems]),
    }  # fmt: skip
    path = f"{_FOLDER}/{fingerprint(about)[:24]}.jsonl.gz"
    kept = _read(storage, path, len(benchmark.problems))
    if kept is not None:
        tell(f"{system.name}: proposals for {benchmark.name} are kept from an earlier run")
        return kept
    total = len(benchmark.problems)
    every = max(1, total // _REPORTS)
    found: list[list[Proposal]] = []
    for given in system.propose(benchmark.problems):
        found.append(given)
        if len(found) % every == 0 or len(found) == total:
            tell(f"{system.name}: {len(found):,} of {total:,} problems of {benchmark.name}")
    if len(found) != total:
        raise ValueError(f"{system.name} answered {len(found)} of {total} problems: a system yields one list for each")
    if system.failed:
        tell(f"{system.name}: {system.failed:,} requests failed; the same command asks for these again")
        return found
    lines = [canonical_json(about), *(json.dumps([[p.level, p.sample, p.text] for p in given]) for given in found)]
    storage.write(path, compress("\n".join(lines)))
    return found


def compress(text: str) -> bytes:
    """Text with gzip, the same bytes for the same text."""
    return gzip.compress(text.encode("utf-8", "surrogatepass"), mtime=0)


def _read(storage: Storage, path: str, problems: int) -> list[list[Proposal]] | None:
    """What a file keeps; None where there is none, or one that something else has damaged."""
    try:
        lines = gzip.decompress(storage.read(path)).split(b"\n")[1:]
        rows = [[Proposal(level=level, sample=n, text=text) for level, n, text in json.loads(line)] for line in lines]
    except (MissingFileError, OSError, EOFError, zlib.error, ValueError, TypeError):
        return None
    return rows if len(rows) == problems else None
