"""A run samples as much as it needs, says what went wrong in a line, and never touches what is not its own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from pipeline.files.storage import Storage
from pipeline.inspection.verify import verify
from pipeline.run.driver import run
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.plan import Plan
from pipeline.run.shard import finish, read_receipt, receipt_path, sample
from schemas.config import RunConfig
from schemas.errors import RequestError, RunError
from schemas.manifest import Receipt
from schemas.reasons import Reason
from tests.pipeline.fakes import (
    FakeGenerator,
    RecordingReport,
    ScriptedGenerator,
    WatchedStorage,
    make_config,
    make_identity,
    published,
    run_fake,
)


class ShuffledExecutor:
    """Several shards in flight, finished in any order, as on a cluster."""

    def __init__(self, config: RunConfig, in_flight: int, seed: int) -> None:
        self.config, self.in_flight, self.source = config, in_flight, random.Random(seed)
        self.closed = False

    def execute(self, shards: Iterator[int]) -> Iterator[Receipt]:
        fingerprint, storage = make_identity(self.config).fingerprint, Storage(self.config.out)
        flying: list[int] = []
        try:
            while True:
                flying += islice(shards, self.in_flight - len(flying))
                if not flying:
                    return
                shard = flying.pop(self.source.randrange(len(flying)))
                candidates = sample(FakeGenerator(), Plan(self.config), shard)
                yield finish(candidates, self.config, fingerprint, shard, storage)
        finally:
            self.closed = True


@pytest.mark.parametrize("seed", range(5))
def test_the_rows_do_not_depend_on_which_shard_finishes_first(seed: int, tmp_path: Path) -> None:
    run_fake(make_config(tmp_path / "in order"))
    config = make_config(tmp_path / "shuffled")
    executor = ShuffledExecutor(config, 1 + 2 * seed, seed)
    run(
        config,
        storage=Storage(config.out),
        identity=make_identity(config),
        executor=executor,
        report=RecordingReport(),
    )
    assert executor.closed
    assert published(tmp_path / "shuffled") == published(tmp_path / "in order")


def test_no_more_shards_are_sampled_than_are_needed(tmp_path: Path) -> None:
    generator, report = FakeGenerator(), RecordingReport()
    manifest = run_fake(make_config(tmp_path), generator=generator, report=report)
    assert generator.calls == manifest.shards == 3
    assert [shard for shard, _, _ in report.shards] == [0, 1, 2]
    pairs = [pairs for _, pairs, _ in report.shards]
    assert pairs == sorted(pairs) and pairs[1] < 40 <= pairs[2]


def test_finished_shards_are_not_sampled_again(tmp_path: Path) -> None:
    run_fake(make_config(tmp_path / "whole"))
    out = tmp_path / "out"
    with pytest.raises(RunError, match="interrupted; finished shards are kept, the same command resumes"):
        run_fake(make_config(out), generator=Failing(KeyboardInterrupt(), after=2))
    generator, report = FakeGenerator(), RecordingReport()
    run_fake(make_config(out), generator=generator, report=report)
    assert generator.calls == 1
    assert report.messages[0].startswith("resuming: 2 shards")
    assert published(out) == published(tmp_path / "whole")


class Failing(FakeGenerator):
    """Fails after so many shards."""

    def __init__(self, error: BaseException, after: int) -> None:
        super().__init__()
        self.error, self.after = error, after

    def generate(self, shard_seed: int, rows: int) -> Iterator:  # type: ignore[type-arg]
        if self.calls == self.after:
            raise self.error
        return super().generate(shard_seed, rows)


def test_a_generator_that_fails_is_a_failed_run_that_names_the_shard(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="failed in shard 1: MemoryError: too big; finished shards are kept"):
        run_fake(make_config(tmp_path), generator=Failing(MemoryError("too big"), after=1))
    assert (tmp_path / receipt_path(0)).exists()


def test_a_generator_that_gives_too_few_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="did not give the rows 0 to 23 of shard 0"):
        run_fake(make_config(tmp_path), generator=ScriptedGenerator([Reason.UNDECODABLE] * 23))


def test_too_few_pairs_are_explained_with_figures_and_ways_out(tmp_path: Path) -> None:
    script = [("=SUM(A1", "=SUM(A1)"), ("=A1", "=A1"), ("=A1", "=A1"), Reason.UNDECODABLE]
    config = make_config(tmp_path, shard_rows=4, pairs=3, attempts_per_pair=4.0)
    with pytest.raises(RunError) as failure:
        run_fake(config, generator=ScriptedGenerator(script))
    assert str(failure.value).startswith(
        "1 of 3 distinct pairs in 12 rows: 25.00% passed the filters, most others fell to identical 50.0%, "
        "undecodable 25.0%; raise attempts_per_pair, or set allow_fewer"
    )
    assert published(tmp_path) == {}
    fewer = make_config(tmp_path, shard_rows=4, pairs=3, attempts_per_pair=4.0, allow_fewer=True)
    generator = FakeGenerator()
    manifest = run_fake(fewer, generator=generator)
    assert (manifest.ledger["written"], manifest.shards, generator.calls) == (1, 3, 0)
    assert verify(Storage(str(tmp_path)), deep=True) == []


def test_a_version_of_fewer_pairs_grows_when_more_attempts_are_allowed(tmp_path: Path) -> None:
    run_fake(make_config(tmp_path / "at once"))
    out = tmp_path / "out"
    assert run_fake(make_config(out, attempts_per_pair=0.6, allow_fewer=True)).shards == 1
    generator = FakeGenerator()
    run_fake(make_config(out), generator=generator)
    assert generator.calls == 2
    assert published(out) == published(tmp_path / "at once")


def test_a_run_without_any_pair_ends_early_but_not_at_once(tmp_path: Path) -> None:
    generator = ScriptedGenerator([("=A1", "=A1")] * 256)
    config = make_config(tmp_path, shard_rows=256, pairs=1_000, publish__keep_rejected=False)
    report = RecordingReport()
    with pytest.raises(RunError, match=r"0 of 1,000 distinct pairs in 5,120 rows.*identical 100\.0%"):
        run_fake(config, generator=generator, report=report)
    assert len(report.shards) == 20


def test_nothing_is_published_of_no_pair_even_where_fewer_are_allowed(tmp_path: Path) -> None:
    config = make_config(tmp_path, shard_rows=2, pairs=1, attempts_per_pair=4.0, allow_fewer=True)
    with pytest.raises(RunError, match="0 of 1 distinct pairs in 4 rows"):
        run_fake(config, generator=ScriptedGenerator([("=A1", "=A1")] * 2))
    assert published(tmp_path) == {}


@pytest.mark.parametrize("name", ["README.md", "manifest.json"])
def test_files_of_somebody_else_are_not_written_over(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(RequestError, match="that no run has written there; choose another --out"):
        run_fake(make_config(tmp_path))
    assert published(tmp_path) == {name: b"{}"}


def test_other_files_beside_the_dataset_are_left_alone(tmp_path: Path) -> None:
    mine = {"notes.txt": b"1", "data/excel/mine.parquet": b"2", "data/other/train.parquet": b"3"}
    for path, data in mine.items():
        Storage(str(tmp_path)).write(path, data)
    run_fake(make_config(tmp_path))
    assert mine.items() <= published(tmp_path).items()


def test_a_damaged_identity_is_a_wrong_request_with_a_way_out(tmp_path: Path) -> None:
    Storage(str(tmp_path)).write(".work/identity.json", b"{")
    with pytest.raises(RequestError, match=r"identity\.json is damaged; delete the folder \.work"):
        run_fake(make_config(tmp_path))


def test_an_out_that_cannot_be_used_is_a_wrong_request(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match="choose another"):
        run_fake(make_config(tmp_path / "file"))


def test_a_run_on_an_object_store_publishes_the_same_files(tmp_path: Path) -> None:
    run_fake(make_config(tmp_path))
    config = make_config(f"memory://{tmp_path.name}")
    storage = WatchedStorage(config.out)
    run_fake(config, storage)
    paths = [path for path in storage.list() if not path.startswith(".work")]
    assert {path: storage.read(path) for path in paths} == published(tmp_path)


def test_a_receipt_of_another_run_does_not_count(tmp_path: Path) -> None:
    run_fake(make_config(tmp_path))
    storage, fingerprint = Storage(str(tmp_path)), make_identity(make_config(tmp_path)).fingerprint
    assert read_receipt(storage, 0, fingerprint) is not None
    assert read_receipt(storage, 0, "another") is None
    assert read_receipt(storage, 9, fingerprint) is None


def test_a_local_executor_makes_no_generator_before_it_needs_one(tmp_path: Path) -> None:
    def refuse() -> FakeGenerator:
        raise AssertionError("the model was loaded")

    executor = LocalExecutor(refuse, make_config(tmp_path), "fingerprint", Storage(str(tmp_path)))
    assert list(executor.execute(iter(()))) == []
