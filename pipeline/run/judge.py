"""What becomes of one candidate: a pair or a reason, and the record of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from generators.base import Candidate
from pipeline.benchmarks.overlap import benchmark_texts, normalise
from schemas.config import FilterOptions, RunConfig
from schemas.reasons import Reason
from schemas.record import pair_id
from validators import get_language
from validators.filters import FILTERS, Case, Filter, JudgedPair, PairFilter, PairRules

logger = logging.getLogger(__name__)

_JUDGED = tuple(field.name for field in fields(JudgedPair))
Judge = Callable[[str, str], JudgedPair | Reason]


def candidate_record(candidate: Candidate, config: RunConfig, shard: int) -> tuple[dict[str, Any], Reason | None]:
    """The record of a candidate, whole where it became a pair; else its provenance, and the reason why not."""
    row = _provenance(candidate, config, shard)
    judge = make_judge(config.language, config.filters)
    outcome = candidate.failure or _isolated(judge, candidate, row["id"])
    return (row, outcome) if isinstance(outcome, Reason) else (row | judged_columns(outcome), None)


@cache
def make_judge(language: str, options: FilterOptions) -> Judge:
    """What makes a judged pair or a reason of two texts."""
    return PairFilter(
        get_language(language),
        PairRules(
            min_distance=options.min_distance,
            max_distance=options.max_distance,
            max_normalized_distance=options.max_normalized_distance,
            max_chars=options.max_chars,
            require_broken_rejected=options.require_broken_rejected,
        ),
        filters_of(options.benchmarks),
    )


def filters_of(benchmarks: Sequence[str]) -> tuple[Filter, ...]:
    """What a candidate has to pass: the filters of every run, and last that no side is in one of its benchmarks."""
    known = benchmark_texts(tuple(benchmarks))

    def is_in_a_benchmark(case: Case) -> bool:
        return bool(known) and not known.isdisjoint((normalise(case.broken), normalise(case.fixed)))

    return (*FILTERS, Filter(Reason.BENCHMARK_OVERLAP, is_in_a_benchmark))


def judged_columns(pair: JudgedPair) -> dict[str, Any]:
    """The columns of the record that judging gives."""
    return {name: getattr(pair, name) for name in _JUDGED}  # asdict would copy each value deeply


def _isolated(judge: Judge, candidate: Candidate, name: str) -> JudgedPair | Reason:
    """One row that cannot be judged must not cost the others."""
    try:
        (candidate.broken + candidate.fixed).encode()
        return judge(candidate.broken, candidate.fixed)
    except UnicodeEncodeError:
        return Reason.UNDECODABLE
    except Exception:
        logger.exception("judging the row %s failed; it is recorded as %s", name, Reason.CRASHED)
        return Reason.CRASHED


def _provenance(candidate: Candidate, config: RunConfig, shard: int) -> dict[str, Any]:
    """The columns of the record that are known before judging; what UTF-8 cannot hold of rejected text is escaped."""
    return {
        "id": pair_id(config.language, config.generator, config.seed, shard, candidate.row),
        "language": config.language,
        "generator": config.generator,
        "broken": candidate.broken.encode("utf-8", "backslashreplace").decode(),
        "fixed": candidate.fixed.encode("utf-8", "backslashreplace").decode(),
        "timestep": candidate.timestep,
        "noise_level": candidate.noise_level,
        "num_steps": candidate.num_steps,
        "trajectory_id": candidate.trajectory_id,
        "seed": candidate.seed,
        "source_id": candidate.source_id,
        "recipe": candidate.recipe,
    }
