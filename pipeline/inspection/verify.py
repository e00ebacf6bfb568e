"""Whether a published version is what its manifest says, byte by byte and, on request, row by row."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.version import CARD, MANIFEST, belong_together, read_manifest
from pipeline.files.parquet import is_intact
from pipeline.files.storage import MissingFileError, Storage
from pipeline.run.judge import judged_columns, make_judge
from schemas.config import FilterOptions
from schemas.errors import RunError
from schemas.ledger import Ledger, LedgerError
from schemas.manifest import Manifest, PublishedFile
from schemas.reasons import Reason
from schemas.record import PAIR_SCHEMA, REJECT_SCHEMA


def verify(storage: Storage, *, deep: bool = False) -> list[str]:
    """Everything that is wrong with the version published in OUT, a line each; empty where all is well.

    Args:
        storage: of OUT.
        deep: also judge every pair anew and compare with what is stored.

    Raises:
        StorageError: a file is there but cannot be read.
    """
    return list(_problems(storage, deep))


def _problems(storage: Storage, deep: bool) -> Iterator[str]:
    try:
        published = read_manifest(storage)
    except RunError as error:
        yield str(error)
        return
    if published is None:
        yield f"{storage.uri} holds no {MANIFEST}: nothing is published there"
        return
    manifest, data = published
    try:
        card = storage.read(CARD)
    except MissingFileError:
        yield f"{CARD} is missing"
        return
    if not belong_together(card, manifest, data):
        yield f"{CARD} and {MANIFEST} do not belong together: one of them is damaged, or publishing was interrupted"
        return
    yield from _ledger_problems(manifest)
    ids: set[str] = set()
    for file in manifest.files:
        yield from _file_problems(storage, manifest, file, ids, deep)


def _ledger_problems(manifest: Manifest) -> Iterator[str]:
    pairs, rejected = (sum(f.rows for f in manifest.files if _is_rejected(f) == kind) for kind in (False, True))
    fields = manifest.identity.fields
    try:
        ledger = Ledger.from_dict(manifest.ledger)
        ledger.check(sampled=manifest.shards * fields["shard_rows"])
    except LedgerError as error:
        yield f"{MANIFEST}: {error}"
        return
    if pairs != ledger.written:
        yield f"{MANIFEST}: the files hold {pairs} pairs, the ledger has {ledger.written}"
    if fields["publish.keep_rejected"] and rejected != sum(ledger.reasons.values()):
        yield f"{MANIFEST}: the files hold {rejected} rejected rows, the ledger has {sum(ledger.reasons.values())}"


def _file_problems(
    storage: Storage, manifest: Manifest, file: PublishedFile, ids: set[str], deep: bool
) -> Iterator[str]:
    try:
        data = storage.read(file.path)
    except MissingFileError:
        yield f"{file.path} is missing"
        return
    if not is_intact(file, data):
        yield f"{file.path} is damaged: its bytes are not those that were published"
        return
    parquet = pq.ParquetFile(pa.BufferReader(data))
    schema = REJECT_SCHEMA if _is_rejected(file) else PAIR_SCHEMA
    if not parquet.schema_arrow.equals(schema, check_metadata=True):
        yield f"{file.path} does not have the schema of version {manifest.schema_version}"
        return
    table = parquet.read()
    if table.num_rows != file.rows:
        yield f"{file.path} has {table.num_rows} rows, {file.rows} were published"
    for row_id in table["id"].to_pylist():
        if row_id in ids:
            yield f"{file.path}: the id {row_id} is used twice"
        ids.add(row_id)
    if deep and not _is_rejected(file):
        yield from _row_problems(manifest, file, table)


def _row_problems(manifest: Manifest, file: PublishedFile, table: pa.Table) -> Iterator[str]:
    judge = make_judge(str(manifest.identity.fields["language"]), _filters(manifest))
    for row in table.to_pylist():
        outcome = judge(row["broken"], row["fixed"])
        if isinstance(outcome, Reason):
            yield f"{file.path}: {row['id']} is no pair: {outcome.value}"
            continue
        now = pa.Table.from_pylist([row | judged_columns(outcome)], schema=PAIR_SCHEMA).to_pylist()[0]
        changed = [name for name in row if row[name] != now[name]]
        if changed:
            yield f"{file.path}: {row['id']} has another {', '.join(changed)} when it is judged again"


def _filters(manifest: Manifest) -> FilterOptions:
    """The filters that the run had; the benchmark files themselves are not kept."""
    fields = {k.removeprefix("filters."): v for k, v in manifest.identity.fields.items() if k.startswith("filters.")}
    return FilterOptions.model_validate(fields | {"benchmarks": ()})


def _is_rejected(file: PublishedFile) -> bool:
    return file.config.endswith("_rejected")
