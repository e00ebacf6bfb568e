"""How often a language accepts and rejects real snippets, and how fast; run by hand.

    python tests/benchmarks/verdicts.py --language excel --benchmark pairs.json --corpus snippets.jsonl.gz --misses 20

A benchmark is a JSON list of objects with ``Buggy`` and ``GroundTruth``; a corpus is JSON lines, gzipped or not, with a
``code`` that should be accepted. Speed is that of `check` alone, on one core, in processor time.
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

from validators import LANGUAGES, Verdict, get_language


def judge(language: str, snippets: list[str]) -> tuple[list[Verdict], float]:
    """The verdicts on ``snippets`` and the seconds of processor time they took."""
    check = get_language(language).check
    start = time.process_time()
    verdicts = [check(snippet) for snippet in snippets]
    return verdicts, time.process_time() - start


def report(title: str, language: str, snippets: list[str], *, should_be_accepted: bool, misses: int) -> None:
    """Print the share that got the verdict it should get, the speed, and up to ``misses`` that did not."""
    verdicts, seconds = judge(language, snippets)
    wrong = [(s, v) for s, v in zip(snippets, verdicts, strict=True) if v.accepted != should_be_accepted]
    right = len(snippets) - len(wrong)
    word = "accepted" if should_be_accepted else "rejected"
    print(
        f"{title}: {right} of {len(snippets)} {word} ({right / max(1, len(snippets)):.2%}), "
        f"{len(snippets) / max(seconds, 1e-9):,.0f} snippets/s"
    )
    kinds = Counter(verdict.kind for verdict in verdicts if verdict.kind is not None)
    if kinds:
        print("  rejections: " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    for snippet, verdict in wrong[:misses]:
        print(
            f"  {snippet!r}" + ("" if verdict.accepted else f"  {verdict.kind} at {verdict.offset}: {verdict.message}")
        )


def read_corpus(path: Path, limit: int | None) -> list[str]:
    """The first ``limit`` snippets of a corpus, or all of them."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["code"] for _, line in zip(range(limit or sys.maxsize), lines, strict=False)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", required=True, choices=LANGUAGES)
    parser.add_argument("--benchmark", type=Path, help="JSON list of pairs")
    parser.add_argument("--corpus", type=Path, help="JSON lines of correct snippets")
    parser.add_argument("--limit", type=int, help="read only so many snippets of the corpus")
    parser.add_argument("--misses", type=int, default=0, help="print so many wrong verdicts of each kind")
    arguments = parser.parse_args()
    if arguments.benchmark is None and arguments.corpus is None:
        parser.error("nothing to measure: give --benchmark, --corpus or both")

    language = arguments.language
    versions = ", ".join(f"{name} {version}" for name, version in get_language(language).parsers.items())
    print(f"{language}: {versions}; Python {platform.python_version()}, {platform.machine()}")
    if arguments.benchmark is not None:
        pairs = json.loads(arguments.benchmark.read_text(encoding="utf-8"))
        fixed, broken = ([pair[side] for pair in pairs] for side in ("GroundTruth", "Buggy"))
        report("fixed sides", language, fixed, should_be_accepted=True, misses=arguments.misses)
        report("broken sides", language, broken, should_be_accepted=False, misses=arguments.misses)
    if arguments.corpus is not None:
        snippets = read_corpus(arguments.corpus, arguments.limit)
        report("corpus", language, snippets, should_be_accepted=True, misses=arguments.misses)


if __name__ == "__main__":
    main()
