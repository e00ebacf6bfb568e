"""How often PowerShell's execution match answers as it should, and how fast; run by hand.

    python tests/benchmarks/powershell_equivalence.py --benchmark pairs.json --corpus snippets.jsonl.gz --limit 20000

Every accepted snippet must equal itself once a comment stands behind it (so that trees are compared, not text). Of a
benchmark it is told how many truths can be matched at all, which is those that the validator accepts, and how many
broken sides are equal to their truth. Speed is in comparisons a second of processor time, on one core.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from validators import get_language
from validators.powershell.equivalence import equivalent, harness


def report_corpus(path: Path, limit: int | None) -> None:
    """Compare each snippet with itself."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        codes = [json.loads(line)["code"] for _, line in zip(range(limit or sys.maxsize), lines, strict=False)]
    accepted = [code for code in codes if get_language("powershell").check(code).accepted]
    start = time.process_time()
    answers = Counter(equivalent(code, f"{code}\n# the same").equal for code in accepted)
    seconds = time.process_time() - start
    print(f"corpus: {len(codes)} snippets, {len(accepted)} accepted, of these equal to themselves: {answers[True]}")
    print(f"  {len(accepted) / seconds:,.0f} comparisons/s")


def report_benchmark(path: Path) -> None:
    """Compare the truths with themselves, and with the broken sides."""
    pairs = json.loads(path.read_text(encoding="utf-8"))
    truths = sum(equivalent(pair["GroundTruth"], pair["GroundTruth"]).equal for pair in pairs)
    broken = [equivalent(pair["Buggy"], pair["GroundTruth"]) for pair in pairs]
    methods = Counter(comparison.method for comparison in broken if comparison.equal)
    print(f"benchmark: {len(pairs)} pairs, truths that equal themselves: {truths}")
    print(f"  broken sides that equal their truth: {sum(methods.values())} {dict(methods) or ''}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", type=Path, help="JSON list of pairs")
    parser.add_argument("--corpus", type=Path, help="JSON lines of correct snippets")
    parser.add_argument("--limit", type=int, help="read only so many snippets of the corpus")
    arguments = parser.parse_args()
    if arguments.benchmark is None and arguments.corpus is None:
        parser.error("nothing to measure: give --benchmark, --corpus or both")
    print(f"{harness()}; Python {platform.python_version()}, {platform.machine()}")
    if arguments.benchmark is not None:
        report_benchmark(arguments.benchmark)
    if arguments.corpus is not None:
        report_corpus(arguments.corpus, arguments.limit)


if __name__ == "__main__":
    main()
