"""Regenerate one row of a published dataset from its id."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.version import read_manifest
from pipeline.files.parquet import load
from pipeline.files.storage import Storage
from pipeline.run.identity import run_identity
from pipeline.run.ingredients import Ingredients, build_generator
from pipeline.run.judge import candidate_record
from pipeline.run.plan import Plan
from schemas.config import config_from_identity
from schemas.errors import RequestError
from schemas.manifest import Manifest
from schemas.record import PAIR_SCHEMA, parse_pair_id


def replay(
    out: str, row_id: str, *, checkpoint: str | None = None, corpus: str | None = None, breaker: str | None = None,
    benchmarks: tuple[str, ...] = (),
) -> dict[str, Any]:  # fmt: skip
    """Sample and judge one row again; an answer that was paid for is taken from OUT, and not asked for again.

    Args:
        out: the published dataset, whose manifest says how the row was made.
        row_id: of the row; one that was rejected can be replayed too.
        checkpoint: the diffusion model, where it is not the bundled one.
        corpus: where the run did not have the default one.
        breaker: of BIFI, where it is not the bundled one.
        benchmarks: the files that the run was decontaminated against, if any.

    Returns:
        ``record``: the row; ``reason``: why it is no pair, or None; ``published``: the row in the dataset, or None;
        ``identical``: whether the two are equal.

    Raises:
        RequestError: no dataset there, an id of another run, or a model, parser or version other than the run's.
    """
    storage = Storage(out)
    found = read_manifest(storage)
    if found is None:
        raise RequestError(f"{out} holds no published dataset: give the folder that `run --out` wrote")
    manifest, _ = found
    given = {
        "out": out, "checkpoint": checkpoint, "corpus": corpus, "bifi.breaker": breaker,
        "filters.benchmarks": benchmarks,
    }  # fmt: skip
    config = config_from_identity(manifest.identity.fields, given)
    try:
        language, generator_name, seed, shard, row = parse_pair_id(row_id)
    except ValueError as error:
        raise RequestError(str(error)) from error
    if (language, generator_name, seed) != (config.language, config.generator, config.seed) or row >= config.shard_rows:
        raise RequestError(f"id {row_id} is not of the run in {out}: copy an id from that dataset")
    ingredients = Ingredients(config)
    differ = manifest.identity.differences(run_identity(config, ingredients.hashes))
    if differ:
        raise RequestError(f"{out} was made with another {', '.join(differ)}: replay it with the same")

    generator = build_generator(config, snippets=ingredients.snippets, storage=storage)
    candidate = next(generator.candidates(Plan(config).shard_seed(shard), [row]))
    record, reason = candidate_record(candidate, config, shard)
    published = _published_row(storage, manifest, row_id)
    return {
        "record": record, "reason": None if reason is None else reason.value,
        "published": published, "identical": published is not None and _equal(record, published),
    }  # fmt: skip


def _equal(record: dict[str, Any], published: dict[str, Any]) -> bool:
    """Equal as the dataset stores them: its floats have 32 bits."""
    return bool(pa.Table.from_pylist([record], schema=PAIR_SCHEMA).to_pylist() == [published])


def _published_row(storage: Storage, manifest: Manifest, row_id: str) -> dict[str, Any] | None:
    for file in manifest.files:
        if file.config != manifest.identity.fields["language"]:
            continue
        table = load(storage, file)
        rows: list[dict[str, Any]] = table.filter(pc.equal(table["id"], row_id)).to_pylist()
        if rows:
            return rows[0]
    return None
