"""`evaluate repair`: what systems make of a benchmark, as the paper's Tables 1 to 3 and Figures 5 and 6.

    OUT/results.json          identities, every figure with its interval, every problem's outcome
    OUT/report.md             the tables with what they mean
    OUT/proposals.jsonl.gz    every proposal with its scores
    OUT/figure-5.png, .svg, figure-6.png, .svg
    OUT/.work/                what systems proposed; a rerun reads it

The same systems, benchmark and seed give the same results.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.benchmarks.benchmark import Benchmark
from pipeline.benchmarks.overlap import normalise
from pipeline.evaluation.repair import curves, tables
from pipeline.evaluation.repair.pooling import Pool
from pipeline.evaluation.repair.proposal_cache import Tell, compress, proposals_of
from pipeline.evaluation.repair.report import markdown
from pipeline.evaluation.repair.scoring import Scorer
from pipeline.evaluation.repair.systems import System
from pipeline.evaluation.repair.tables import Evaluated
from pipeline.files.folders import make_folder
from pipeline.files.storage import Storage
from schemas.errors import RequestError
from schemas.ids import canonical_json, fingerprint

FORMAT = 1
KS = (1, 3, 5)


def evaluate_repair(
    *, benchmark: Benchmark, systems: Sequence[System], out: Path, tune: Benchmark | None = None,
    ks: Sequence[int] = KS, run_tests: bool = False, seed: int = 0, not_run: Sequence[tuple[str, str]] = (),
    report: Tell = print,
) -> dict[str, Any]:  # fmt: skip
    """Ask each system, score what it proposes, write the results into ``out``; gives what results.json holds.

    Args:
        benchmark: the problems that are reported.
        systems: at least one.
        out: a local folder; proposals that it keeps for the same system and benchmark are used again.
        tune: problems on which each system's noise level is chosen; those that are in the benchmark are left out.
            None: cross-fitting on the benchmark (see `pooling`).
        ks: of pass@k.
        run_tests: run Python programs, in a sandboxed process, where a problem has tests.
        seed: of the bootstrap.
        not_run: name and reason of systems that have a row in Table 2 all the same.
        report: gets lines of progress.

    Raises:
        RequestError: nothing to evaluate or to score, ``tune`` has no problem of its own, or ``out`` cannot be made.
    """
    scorer = Scorer(benchmark.language, run_tests=run_tests)
    _require(benchmark, systems, scorer)
    make_folder(out)
    tuning = None if tune is None else _without(tune, benchmark)
    storage = Storage(str(out))

    def pool_of(system: System, problems: Benchmark) -> Pool:
        proposals = proposals_of(system, problems, storage, report)
        report(f"{system.name}: scoring {sum(map(len, proposals)):,} proposals")
        return Pool(scorer, problems, proposals)

    evaluated = [
        Evaluated(
            label=label, identity=system.identity, pool=pool_of(system, benchmark),
            tune=None if tuning is None else pool_of(system, tuning),
        )
        for label, system in zip(_labels(systems), systems, strict=True)
    ]  # fmt: skip
    leveled = {each.label: each for each in evaluated if each.pool.levels}
    results: dict[str, Any] = {
        "format": FORMAT,
        "benchmark": _about(benchmark, scorer),
        "tune": _about_tuning(tune, tuning),
        "harness": scorer.harness,
        "seed": seed,
        "run_tests": run_tests,
        "systems": [_about_system(each) for each in evaluated],
        "references": tables.references(evaluated[0].pool),
        "table1": tables.table1(evaluated, benchmark.language),
        "table2": tables.table2(evaluated, benchmark.language, not_run),
        "table3": tables.table3(evaluated, benchmark.language, sorted(set(ks)), seed),
        "comparisons": tables.comparisons(evaluated, seed),
        "figure5": {label: curves.figure5(each) for label, each in leveled.items()},
        "figure6": {label: curves.figure6(each) for label, each in leveled.items()},
        "problems": tables.problem_rows(evaluated),
    }
    _write(results, evaluated, storage, out)
    return results


def _write(results: dict[str, Any], evaluated: Sequence[Evaluated], storage: Storage, out: Path) -> None:
    """Every file; results.json last, so that where it stands the others do."""
    storage.write("proposals.jsonl.gz", compress("".join(f"{line}\n" for line in _proposal_lines(evaluated))))
    images: list[str] = []
    if results["figure5"]:
        images += curves.draw_figure5(results["figure5"], out)
    if any(results["figure6"].values()):
        images += curves.draw_figure6({name: bins for name, bins in results["figure6"].items() if bins}, out)
    storage.write("report.md", markdown(results, images).encode("utf-8", "replace"))
    storage.write("results.json", json.dumps(results, indent=1).encode())


def _proposal_lines(evaluated: Sequence[Evaluated]) -> Iterator[str]:
    for each in evaluated:
        for problem, given in zip(each.pool.problems, each.pool.judged, strict=True):
            for judged in given:
                proposal, score = judged.proposal, judged.score
                yield json.dumps(
                    {
                        "system": each.label, "problem": problem.id, "level": proposal.level,
                        "sample": proposal.sample, "accepted": score.accepted, "sketch": score.sketch,
                        "executed": score.executed, "method": score.method, "text": proposal.text,
                    }
                )  # fmt: skip


def _require(benchmark: Benchmark, systems: Sequence[System], scorer: Scorer) -> None:
    if not systems:
        raise RequestError("there is no system to evaluate: give a checkpoint, a fixer or a prompting system")
    if not any(map(scorer.can_score, benchmark.problems)):
        raise RequestError(
            f"{benchmark.name} has no ground truth, without which {benchmark.language} cannot be scored: name its "
            "column with --fixed-column"
        )
    if scorer.run_tests and not any(problem.tests for problem in benchmark.problems):
        raise RequestError(f"{benchmark.name} has no tests to run: leave out --run-tests")


def _without(tune: Benchmark, benchmark: Benchmark) -> Benchmark:
    """The tuning benchmark without problems that are reported."""
    if tune.language != benchmark.language:
        raise RequestError(f"{tune.name} is of {tune.language}, {benchmark.name} of {benchmark.language}")
    reported = {normalise(problem.broken) for problem in benchmark.problems}
    kept = tuple(problem for problem in tune.problems if normalise(problem.broken) not in reported)
    if not kept:
        raise RequestError(f"every problem of {tune.name} is in {benchmark.name}: tune on others, or leave out --tune")
    return replace(tune, problems=kept)


def _labels(systems: Sequence[System]) -> list[str]:
    """The systems' names, told apart by their identity where two are equal."""
    names = Counter(system.name for system in systems)
    labels = [
        system.name if names[system.name] == 1 else f"{system.name} {fingerprint(system.identity)[:6]}"
        for system in systems
    ]
    if len(set(labels)) < len(labels):
        twice = next(label for label, n in Counter(labels).items() if n > 1)
        raise RequestError(f"{twice} is given twice: give each system once")
    return labels


def _about(benchmark: Benchmark, scorer: Scorer) -> dict[str, Any]:
    accepts = scorer.language.check
    truths = [problem.fixed for problem in benchmark.problems if problem.fixed is not None]
    return {
        "name": benchmark.name, "sha256": benchmark.sha256, "language": benchmark.language,
        "problems": len(benchmark.problems), "with_truth": len(truths),
        "with_tests": sum(bool(problem.tests) for problem in benchmark.problems),
        "inputs_accepted": sum(accepts(problem.broken).accepted for problem in benchmark.problems),
        "truths_refused": sum(not accepts(truth).accepted for truth in truths),
    }  # fmt: skip


def _about_tuning(tune: Benchmark | None, kept: Benchmark | None) -> dict[str, Any] | None:
    if tune is None or kept is None:
        return None
    dropped = len(tune.problems) - len(kept.problems)
    return {"name": tune.name, "sha256": tune.sha256, "problems": len(kept.problems), "dropped": dropped}


def _about_system(each: Evaluated) -> dict[str, Any]:
    pool = each.pool
    judged = [j for given in pool.judged for j in given]
    return {
        "label": each.label, "identity": json.loads(canonical_json(each.identity)), "levels": pool.levels,
        "samples": pool.samples, "proposals": len(judged),
        "without_proposals": sum(not given for given in pool.judged),
        "tuned_levels": sorted(set(each.levels)) if pool.levels else [],
        "best_level": pool.best_level() if pool.levels else None,
        "methods": dict(sorted(Counter(j.score.method or "none" for j in judged).items())),
    }  # fmt: skip
