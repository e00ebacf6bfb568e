"""The Excel execution harness on a file of formulas: does it survive, how much can it run, what does it tell apart?

    python tests/benchmarks/excel_execution.py excel.jsonl.gz
    python tests/benchmarks/excel_execution.py excel_dev.json

A corpus is JSON lines, gzipped or not, with a formula as ``code``; each is compared with itself, with itself in
parentheses (equal by value, not by text), with a mutant (a number, a row, an operator or a text changed) and with the
formula before it in the file. A benchmark is a JSON list of pairs, Buggy and GroundTruth; each truth is compared with
itself, in parentheses too, and with its buggy side. The exit code is 1 if a formula does not equal itself in
parentheses. Times are those of the wall: the engine runs in a process of its own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from schemas.ids import derive_seed
from validators import TokenKind, get_language
from validators.excel.execution import execution_match, harness

EXCEL = get_language("excel")
OPERATORS = {">": ">=", ">=": ">", "<": "<=", "<=": "<", "=": "<>", "<>": "=", "+": "-", "-": "+", "*": "/", "/": "*"}
Pair = tuple[str, str, str]  # the name of the comparison, left, right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--limit", type=int, help="read only so many rows of the file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=5, help="slow comparisons that are printed")
    arguments = parser.parse_args()
    rows = read_rows(arguments.file)[: arguments.limit]
    pairs = benchmark_pairs(rows) if "GroundTruth" in rows[0] else corpus_pairs(rows, arguments.seed)
    print(f"{harness()}, Python {platform.python_version()}, {len(rows):,} rows, seed {arguments.seed}")
    sys.exit(not measure(pairs, arguments.seed, arguments.show))


def read_rows(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".json":
        rows: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
        return rows
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def benchmark_pairs(rows: list[dict[str, str]]) -> Iterator[Pair]:
    for row in rows:
        truth = row["GroundTruth"]
        yield "itself", truth, truth
        yield "parenthesised", truth, f"=({truth[1:]})"
        yield "buggy", row["Buggy"], truth


def corpus_pairs(rows: list[dict[str, str]], seed: int) -> Iterator[Pair]:
    before = None
    for row in rows:
        code = row["code"]
        yield "itself", code, code
        yield "parenthesised", code, f"=({code[1:]})"
        changed = mutant(code, random.Random(derive_seed(seed, code)))
        if changed is not None and EXCEL.check(changed).accepted:
            yield "mutant", code, changed
        if before is not None:
            yield "neighbour", code, before
        before = code


def mutant(code: str, rng: random.Random) -> str | None:
    """``code`` with one token changed; None if it has none that can be."""
    changes = []
    for token in EXCEL.tokens(code)[1:]:
        text = token.text
        if token.kind is TokenKind.NUMBER and text.isdigit():
            changes.append((token, str(int(text) + 1)))
        elif token.kind is TokenKind.REFERENCE and text[-1].isdigit():
            changes.append((token, re.sub(r"\d+$", lambda row: str(int(row[0]) + 1), text)))
        elif token.kind is TokenKind.OPERATOR and text in OPERATORS:
            changes.append((token, OPERATORS[text]))
        elif token.kind is TokenKind.STRING and len(text) > 2:
            changes.append((token, f'{text[:-1]}q"'))
    if not changes:
        return None
    token, text = rng.choice(changes)
    return code[: token.start] + text + code[token.start + len(token.text) :]


def measure(pairs: Iterator[Pair], seed: int, show: int) -> bool:
    """Compare all pairs and print what came out; whether all formulas equal themselves in parentheses."""
    outcomes: dict[str, Counter[str]] = {}
    seconds = Counter[str]()
    times: list[tuple[float, str, str, str]] = []
    wrong = 0
    for name, left, right in pairs:
        start = time.perf_counter()
        comparison = execution_match(left, right, seed=seed)
        elapsed = time.perf_counter() - start
        seconds[name] += elapsed
        times.append((elapsed, name, left, comparison.detail))
        counter = outcomes.setdefault(name, Counter())
        if "not accepted" in comparison.detail:
            counter["rejected"] += 1
            continue
        counter["accepted"] += 1
        counter[f"{comparison.method} {'equal' if comparison.equal else 'different'}"] += 1
        counter["errors only"] += comparison.detail.startswith("nothing but errors")
        if name == "parenthesised" and not comparison.equal:
            wrong += 1
            print(f"  {left} does not equal itself in parentheses: {comparison.detail}")
    for name, counter in outcomes.items():
        report(name, counter, seconds[name])
    for elapsed, name, left, detail in sorted(times, reverse=True)[:show]:
        print(f"  {elapsed:6.2f} s  {name}  {left[:80]}  {detail}")
    return not wrong


def report(name: str, counter: Counter[str], seconds: float) -> None:
    accepted, rejected, errors = (counter.pop(key, 0) for key in ("accepted", "rejected", "errors only"))
    total = accepted + rejected
    print(f"{name}: {total:,} comparisons, {total / seconds:,.0f} a second; {rejected:,} not accepted; of the others")
    for outcome, count in sorted(counter.items()):
        print(f"  {count / accepted:7.2%}  {count:7,}  {outcome}")
    executed = sum(count for outcome, count in counter.items() if outcome.startswith("execution"))
    if executed:
        ran = executed + errors
        print(f"  run by the engine: {ran / accepted:.2%}; not errors only: {executed / ran:.2%} of these")


if __name__ == "__main__":
    main()
