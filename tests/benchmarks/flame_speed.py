"""FLAME's operators on a corpus: where they apply, whether every edit can be undone, and how fast; run by hand.

    python tests/benchmarks/flame_speed.py [--corpus formulas.jsonl.gz]

A corpus is JSON lines, gzipped or not, with a formula as ``code``. The first part applies each operator to every
formula at some drawn sites and undoes it; the exit code is 1 if an edit could not be undone or an operator never
applied. The second makes rows of those formulas that the validator accepts and judges them as a run does, in processor
time on one core; a pair is a row that the filters keep, before duplicates are removed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generators.base import Snippet
from generators.diffusion.checkpoint import BUNDLED
from generators.flame.base import apply
from generators.flame.formula import Formula
from generators.flame.generator import FlameGenerator
from generators.flame.operators import OPERATORS
from generators.flame.weights import load_weights
from pipeline.corpus.building.default import FILE
from pipeline.run.judge import candidate_record
from schemas.config import FlameOptions, RunConfig
from validators import get_language


def check_inverses(formulas: list[str], sites_each: int, seed: int) -> bool:
    """Apply and undo each operator at drawn sites of each formula; whether all went well."""
    rng = random.Random(seed)
    applicable, edits, wrong = Counter[str](), 0, 0
    for text in formulas:
        formula = Formula(text)
        for operator in OPERATORS:
            sites = operator.sites(formula)
            applicable[operator.name] += len(sites) > 0
            for _ in range(min(sites_each, len(sites))):
                chosen = sites[rng.randrange(len(sites))]
                broken, inverse = apply(text, chosen)
                edits += 1
                if broken == text or apply(broken, inverse) != (text, chosen):
                    wrong += 1
                    print(f"  {operator.name} {chosen} on {text!r} cannot be undone")
    print(f"{len(formulas):,} formulas, {edits:,} edits: {edits - wrong:,} change the text and are undone")
    for operator in OPERATORS:
        print(f"  {applicable[operator.name]:6,}  {operator.name}")
    return not wrong and all(applicable[operator.name] for operator in OPERATORS)


def measure_speed(formulas: list[str], options: FlameOptions, rows: int, seed: int) -> None:
    """Print rows and pairs a second, what became of the rows, and the share that each operator loses."""
    snippets = [Snippet(code, str(i)) for i, code in enumerate(formulas)]
    generator = FlameGenerator(snippets, options, load_weights())
    config = RunConfig.model_validate({"language": "excel", "generator": "flame", "pairs": rows, "out": "unused"})
    list(candidate_record(c, config, 0) for c in generator.candidates(seed + 1, range(200)))  # loads what is lazy
    start = time.process_time()
    candidates = list(generator.generate(seed, rows))
    middle = time.process_time()
    outcomes = [candidate_record(candidate, config, 0)[1] for candidate in candidates]
    end = time.process_time()
    pairs = outcomes.count(None)
    print(
        f"{options.sampler}: {rows:,} rows, {pairs:,} pairs ({pairs / rows:.1%}) in {end - start:.2f} s: "
        f"{pairs / (end - start):,.0f} pairs/s; generation alone {rows / (middle - start):,.0f} rows/s, "
        f"filters alone {rows / (end - middle):,.0f} rows/s"
    )
    reasons = Counter(reason.value for reason in outcomes if reason is not None)
    print("  rejected: " + ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common()))
    drawn = Counter(c.recipe.split()[0].removeprefix("operator=") for c in candidates)
    kept = Counter(
        c.recipe.split()[0].removeprefix("operator=") for c, o in zip(candidates, outcomes, strict=True) if o is None
    )
    for operator in OPERATORS:
        count = drawn[operator.name]
        print(f"  {count / rows:6.1%} drawn, {kept[operator.name] / max(1, count):6.1%} of them kept  {operator.name}")


def read_corpus(path: Path, limit: int | None) -> list[str]:
    """The first ``limit`` formulas of a corpus, or all of them."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["code"] for _, line in zip(range(limit or sys.maxsize), lines, strict=False)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=BUNDLED / "excel" / FILE, help="the bundled one if not given")
    parser.add_argument("--limit", type=int, help="read only so many formulas of the corpus")
    parser.add_argument("--sites", type=int, default=3, help="drawn for each operator and formula")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}")
    formulas = read_corpus(arguments.corpus, arguments.limit)
    whole = check_inverses(formulas, arguments.sites, arguments.seed)
    check = get_language("excel").check
    accepted = [formula for formula in formulas if check(formula).accepted]
    for sampler in ("uniform", "weighted"):
        measure_speed(accepted, FlameOptions(sampler=sampler), arguments.rows, arguments.seed)
    sys.exit(not whole)


if __name__ == "__main__":
    main()
