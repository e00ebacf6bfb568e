"""A run from start to published version. Killed at any moment, the same command goes on from the finished shards."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from pipeline.dataset.card import pending_card
from pipeline.dataset.publish import publish
from pipeline.dataset.version import CARD, MANIFEST, ManifestError, is_complete, read_manifest
from pipeline.files.storage import MissingFileError, Storage, StorageError
from pipeline.run.executors.base import Executor
from pipeline.run.plan import Plan
from pipeline.run.prefix import Prefix
from pipeline.run.shard import SHARDS, read_receipt, receipt_path
from schemas.config import RunConfig
from schemas.errors import RequestError, RunError
from schemas.manifest import Identity, Manifest, Receipt

if TYPE_CHECKING:
    from pipeline.run.progress import Report

IDENTITY = ".work/identity.json"
_HOPELESS_SHARDS, _HOPELESS_ROWS = 20, 5_000  # without a single pair in so many, a run gives up
_HOPELESS_PAID_ROWS = 256  # or in so many that cost money


def run(
    config: RunConfig, *, storage: Storage, identity: Identity, executor: Executor, report: Report,
    statistics: Callable[[], dict[str, Any]] = dict,
) -> Manifest:  # fmt: skip
    """Sample until there are enough pairs, then publish them. A finished run does nothing.

    Args:
        config: of the run.
        storage: of OUT.
        identity: of the run, see `pipeline.run.identity`.
        executor: runs the shards.
        report: is told of progress.
        statistics: more that the manifest says of the run; asked for when it is published.

    Raises:
        RequestError: OUT cannot be used, belongs to another run, or is in use.
        RunError: the run failed, gave too few pairs, or was interrupted; finished shards are kept.
    """
    try:
        with _opening():
            published = _published(storage, identity)
        plan = Plan(config)
        if published is not None:
            manifest, data = published
            with _opening():
                complete = is_complete(storage, manifest, data)
            if complete and (manifest.ledger["written"] >= config.pairs or manifest.shards >= plan.max_shards):
                report.message(f"nothing to do: {manifest.ledger['written']:,} pairs are published in {storage.uri}")
                return manifest
        with ExitStack() as stack:
            with _opening():
                stack.enter_context(storage.owned())
                _claim(storage, config, identity, is_published=published is not None)
            prefix = _collect(plan, storage, identity, executor, report)
            if not prefix.enough and not (config.allow_fewer and prefix.pairs):
                raise RunError(_shortfall(prefix))
            report.message(f"publishing {min(prefix.pairs, config.pairs):,} pairs")
            return publish(storage, config, identity, prefix.receipts, statistics())
    except KeyboardInterrupt:
        raise RunError("interrupted; finished shards are kept, the same command resumes") from None


def _collect(plan: Plan, storage: Storage, identity: Identity, executor: Executor, report: Report) -> Prefix:
    """Run the shards that are missing until the prefix holds enough pairs, or there are no more to run."""
    prefix = Prefix(storage, plan.config.pairs)
    stored = set(storage.list(SHARDS))

    def missing() -> Iterator[int]:
        for shard in range(plan.max_shards):
            known = receipt_path(shard) in stored
            receipt = read_receipt(storage, shard, identity.fingerprint) if known else None
            if receipt is not None:
                prefix.add(receipt)
            if prefix.enough or _is_hopeless(prefix, plan.config):
                return
            if receipt is None:
                yield shard

    shards = missing()
    first = next(shards, None)
    if prefix.receipts:
        report.message(f"resuming: {len(prefix.receipts):,} shards with {prefix.pairs:,} distinct pairs are finished")
    if first is None:
        return prefix
    running = cast("Generator[Receipt, None, None]", executor.execute(chain([first], shards)))
    with closing(running) as receipts:
        for receipt in receipts:
            prefix.add(receipt)
            report.shard_done(receipt, prefix.pairs, prefix.target)
            if prefix.enough or _is_hopeless(prefix, plan.config):
                break
    return prefix


def _is_hopeless(prefix: Prefix, config: RunConfig) -> bool:
    if prefix.pairs:
        return False
    rows = prefix.ledger.sampled
    if config.generator == "gpt4o":
        return rows >= _HOPELESS_PAID_ROWS
    return len(prefix.receipts) >= _HOPELESS_SHARDS and rows >= _HOPELESS_ROWS


def _shortfall(prefix: Prefix) -> str:
    ledger = prefix.ledger
    reasons = ", ".join(f"{reason.value} {n / ledger.sampled:.1%}" for reason, n in ledger.reasons.most_common(3))
    return (
        f"{prefix.pairs:,} of {prefix.target:,} distinct pairs in {ledger.sampled:,} rows: "
        f"{ledger.written / ledger.sampled:.2%} passed the filters, most others fell to {reasons}; "
        "raise attempts_per_pair, or set allow_fewer to publish what there is, or loosen the filters in another --out"
    )


def _published(storage: Storage, identity: Identity) -> tuple[Manifest, bytes] | None:
    """The manifest in OUT, if there is one of this run; a damaged one counts as none and is made again."""
    try:
        published = read_manifest(storage)
    except ManifestError:
        return None
    if published is not None:
        _require_same(storage, published[0].identity, identity)
    return published


def _claim(storage: Storage, config: RunConfig, identity: Identity, *, is_published: bool) -> None:
    """Make OUT the place of this run, or make sure that it is."""
    try:
        held = Identity.model_validate_json(storage.read(IDENTITY))
    except MissingFileError:
        if not is_published:
            _refuse_strangers(storage, config)
        storage.write(IDENTITY, identity.model_dump_json(indent=1).encode())
    except ValidationError as error:
        message = f"{storage.uri}/{IDENTITY} is damaged; delete the folder .work to start anew, or choose another --out"
        raise RequestError(message) from error
    else:
        _require_same(storage, held, identity)
    storage.clean()


def _refuse_strangers(storage: Storage, config: RunConfig) -> None:
    """Publishing would write over these; they are not of a run that began here."""
    try:
        card = storage.read(CARD)
    except MissingFileError:
        card = b""
    if storage.exists(MANIFEST) or card not in (b"", pending_card(config.language).encode()):
        raise RequestError(
            f"{storage.uri} holds a {MANIFEST} or {CARD} that no run has written there; choose another --out"
        )


def _require_same(storage: Storage, held: Identity, wanted: Identity) -> None:
    fields = held.differences(wanted)
    if fields:
        changes = [f"{f} is {_brief(wanted.fields.get(f))}, was {_brief(held.fields.get(f))}" for f in fields]
        raise RequestError(
            f"{storage.uri} holds a run with other settings: {'; '.join(changes)}; "
            "run with the same settings, or choose another --out"
        )


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


@contextmanager
def _opening() -> Iterator[None]:
    """An OUT that cannot even be opened is a wrong request."""
    try:
        yield
    except StorageError as error:
        raise RequestError(str(error)) from error
