"""One shard: sample its rows, judge each, store the pairs, then the receipt. Plain Python: Ray only schedules it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import cache
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from generators.base import Candidate, Generator
from pipeline.benchmarks.overlap import benchmark_texts, normalise
from pipeline.dataset.statistics import LevelYields
from pipeline.files.parquet import is_intact, store
from pipeline.files.storage import MissingFileError, Storage
from pipeline.run.plan import Plan
from schemas.config import FilterOptions, RunConfig
from schemas.errors import RunError
from schemas.ledger import Ledger, LedgerError
from schemas.manifest import Receipt, Spent
from schemas.reasons import Reason
from schemas.record import PAIR_SCHEMA, REJECT_SCHEMA, pair_id
from validators import get_language
from validators.filters import JudgedPair, PairFilter, PairRules

logger = logging.getLogger(__name__)

SHARDS, REJECTS = ".work/shards", ".work/rejects"
_JUDGED = tuple(field.name for field in fields(JudgedPair))
Judge = Callable[[str, str], JudgedPair | Reason]


def sample(generator: Generator, plan: Plan, shard: int) -> list[Candidate]:
    """The rows of a shard, not yet judged.

    Raises:
        RunError: the generator failed, or gave other rows than those asked for.
    """
    try:
        candidates = list(generator.generate(plan.shard_seed(shard), plan.rows))
    except Exception as error:
        message = f"the generator failed in shard {shard}: {type(error).__name__}: {error}"
        raise RunError(f"{message}; finished shards are kept, the same command resumes") from error
    if [c.row for c in candidates] != list(range(plan.rows)):
        raise RunError(f"the generator {generator.name} did not give the rows 0 to {plan.rows - 1} of shard {shard}")
    return candidates


def finish(
    candidates: Iterable[Candidate], config: RunConfig, fingerprint: str, shard: int, storage: Storage
) -> Receipt:
    """Judge the rows of a shard and store what became of them; the receipt is written last.

    Args:
        candidates: all rows of the shard, in row order.
        config: of the run.
        fingerprint: of the run's identity.
        shard: from 0.
        storage: of OUT.

    Raises:
        LedgerError: rows are missing.
        StorageError: a file cannot be written.
    """
    ledger, spent, levels = Ledger(), Spent(), LevelYields()
    pairs: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    for candidate in candidates:
        spent += _spent(candidate)
        row, reason = candidate_record(candidate, config, shard)
        levels.add(candidate, reason, row.get("token_edit_distance"))
        if reason is not None:
            ledger.drop(reason)
            rejects.append(row | {"reason": reason.value})
        else:
            ledger.write()
            pairs.append(row)
    ledger.check(sampled=config.shard_rows)
    name = f"{shard:06d}.parquet"
    rejected = None
    if config.publish.keep_rejected:
        rejected = store(storage, f"{REJECTS}/{name}", pa.Table.from_pylist(rejects, schema=REJECT_SCHEMA))
    stored = store(storage, f"{SHARDS}/{name}", pa.Table.from_pylist(pairs, schema=PAIR_SCHEMA))
    receipt = Receipt(
        shard=shard, identity=fingerprint, pairs=stored, rejected=rejected, ledger=ledger.to_dict(),
        spent=spent if spent.answers else None, levels=levels.by_tenth,
    )  # fmt: skip
    storage.write(receipt_path(shard), receipt.model_dump_json(indent=1).encode())
    return receipt


def _spent(candidate: Candidate) -> Spent:
    usage = candidate.usage
    if usage is None:
        return Spent()
    if usage.batched:
        return Spent(answers=1, batched_input_tokens=usage.input_tokens, batched_output_tokens=usage.output_tokens)
    return Spent(answers=1, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)


def candidate_record(candidate: Candidate, config: RunConfig, shard: int) -> tuple[dict[str, Any], Reason | None]:
    """The record of a candidate, whole where it became a pair; else its provenance, and the reason why not."""
    row = _provenance(candidate, config, shard)
    judge = make_judge(config.language, config.filters)
    outcome = candidate.failure or _isolated(judge, candidate, row["id"])
    return (row, outcome) if isinstance(outcome, Reason) else (row | judged_columns(outcome), None)


def receipt_path(shard: int) -> str:
    """Where the receipt of a shard lies."""
    return f"{SHARDS}/{shard:06d}.json"


def read_receipt(storage: Storage, shard: int, fingerprint: str) -> Receipt | None:
    """The receipt of a shard that is finished, of this run, with its files as they were written; else None."""
    try:
        receipt = Receipt.model_validate_json(storage.read(receipt_path(shard)))
        ledger = Ledger.from_dict(receipt.ledger)
        ledger.check()
        if (receipt.shard, receipt.identity, receipt.pairs.rows) != (shard, fingerprint, ledger.written):
            return None
        files = [receipt.pairs] if receipt.rejected is None else [receipt.pairs, receipt.rejected]
        return receipt if all(is_intact(f, storage.read(f.path)) for f in files) else None
    except (MissingFileError, ValidationError, LedgerError):
        return None


@cache
def make_judge(language: str, options: FilterOptions) -> Judge:
    """What makes a judged pair or a reason of two texts."""
    judge = PairFilter(
        get_language(language),
        PairRules(
            min_distance=options.min_distance,
            max_distance=options.max_distance,
            max_normalized_distance=options.max_normalized_distance,
            max_chars=options.max_chars,
            require_broken_rejected=options.require_broken_rejected,
        ),
    )
    benchmarks = benchmark_texts(options.benchmarks)

    def judge_and_decontaminate(broken: str, fixed: str) -> JudgedPair | Reason:
        outcome = judge(broken, fixed)
        overlaps = benchmarks and not benchmarks.isdisjoint((normalise(broken), normalise(fixed)))
        return Reason.BENCHMARK_OVERLAP if overlaps and isinstance(outcome, JudgedPair) else outcome

    return judge_and_decontaminate


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
