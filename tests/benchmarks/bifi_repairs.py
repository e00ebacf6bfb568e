"""How many of people's mistakes a BIFI fixer repairs with its first output; run by hand.

    python tests/benchmarks/bifi_repairs.py --fixer OUT/round-1/fixer --benchmark pairs.json

A benchmark is a JSON list of objects with ``Buggy`` and ``GroundTruth``; the latter only tells how many a perfect fixer
could repair. Two measures, both with 1 to 4 edits of a word: *bifi* is the authors' (where the brackets did not balance
they need only balance afterwards), *strict* asks that the validator accepts the output. A snippet that cannot be masked
or is too long counts as not repaired. Intervals are Wilson's, 95%.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generators.bifi.checkpoint import load_rewriter, rewriter_hash
from generators.bifi.critic import CATEGORIES, bifi_success, category, is_repair
from pipeline.evaluation.statistics import wilson
from validators import Language, get_language

MEASURES = ("bifi", "strict")


def judge(language: Language, broken: str, output: str | None) -> dict[str, bool]:
    """Whether an output is a success, by both measures."""
    if output is None:
        return dict.fromkeys(MEASURES, False)
    return {"bifi": bifi_success(language, broken, output), "strict": is_repair(language, broken, output)}


def summary(verdicts: Sequence[dict[str, bool]]) -> dict[str, Any]:
    """Successes, share and interval of each measure."""
    figures: dict[str, Any] = {"n": len(verdicts)}
    for measure in MEASURES:
        successes = sum(verdict[measure] for verdict in verdicts)
        low, high = wilson(successes, len(verdicts))
        figures[measure] = {"repaired": successes, "share": successes / max(1, len(verdicts)), "interval": [low, high]}
    return figures


def measure(language: Language, fixer: Any, pairs: Sequence[dict[str, str]], beams: int) -> dict[str, Any]:
    """The figures of a fixer, in all and by category; ``perfect`` are those of the benchmark's own fixes."""
    broken = [pair["Buggy"] for pair in pairs]
    kinds = [category(language, code) for code in broken]
    start = time.perf_counter()
    outputs = [texts[0] if texts else None for texts in fixer.rewrite(broken, beams)]
    seconds = time.perf_counter() - start
    verdicts = [judge(language, code, text) for code, text in zip(broken, outputs, strict=True)]
    perfect = [judge(language, pair["Buggy"], pair["GroundTruth"]) for pair in pairs]
    figures = {"all": summary(verdicts), "perfect": summary(perfect), "seconds": round(seconds, 1)}
    for name in (*CATEGORIES, None):
        chosen = [verdict for verdict, kind in zip(verdicts, kinds, strict=True) if kind == name]
        if chosen:
            figures[name or "no mistake"] = summary(chosen)
    return figures


def print_table(figures: dict[str, Any]) -> None:
    """One line for each group of snippets."""
    for name, group in figures.items():
        if name == "seconds":
            continue
        cells = [
            f"{measure} {group[measure]['repaired']:4d} = {group[measure]['share']:6.1%} "
            f"[{group[measure]['interval'][0]:.1%}, {group[measure]['interval'][1]:.1%}]"
            for measure in MEASURES
        ]
        print(f"{name:12} n = {group['n']:4d}   {'   '.join(cells)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fixer", required=True, type=Path, help="folder of a checkpoint")
    parser.add_argument("--benchmark", required=True, type=Path, help="JSON list of pairs")
    parser.add_argument("--language", default="python", choices=("powershell", "python"))
    parser.add_argument("--beams", type=int, default=10, help="of the search; the first output counts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()

    language = get_language(arguments.language)
    pairs = json.loads(arguments.benchmark.read_text(encoding="utf-8"))
    fixer = load_rewriter(arguments.fixer, arguments.language, "fixer")
    figures = measure(language, fixer, pairs, arguments.beams)
    of = {
        "fixer": rewriter_hash(arguments.fixer)[:12], "benchmark": arguments.benchmark.name, "beams": arguments.beams,
        "parsers": dict(language.parsers), "machine": platform.machine(),
    }  # fmt: skip
    if arguments.json:
        print(json.dumps(of | figures))
        return
    print(", ".join(f"{key} {value}" for key, value in of.items()) + f", {figures['seconds']} s")
    print_table(figures)


if __name__ == "__main__":
    main()
