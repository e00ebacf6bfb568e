"""One shard: sample its rows, judge each, store the pairs, then the receipt. Plain Python: Ray only schedules it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from generators.base import Candidate, Generator
from pipeline.dataset.statistics import LevelYields
from pipeline.files.parquet import is_intact, store
from pipeline.files.storage import MissingFileError, Storage
from pipeline.run.judge import candidate_record
from pipeline.run.plan import Plan
from schemas.config import RunConfig
from schemas.errors import RunError
from schemas.ledger import Ledger, LedgerError
from schemas.manifest import Receipt, Spent
from schemas.record import PAIR_SCHEMA, REJECT_SCHEMA

SHARDS, REJECTS = ".work/shards", ".work/rejects"


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
