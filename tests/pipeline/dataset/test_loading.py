"""`datasets.load_dataset(OUT)` gives a complete published version or a clear error, at any moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.files.parquet import decode, encode
from pipeline.files.storage import Storage
from schemas.config import RunConfig
from schemas.record import COLUMNS
from tests.pipeline.fakes import WatchedStorage, make_config, published, run_fake


def load(out: Path, cache: Path, name: str | None = "excel", **options: Any) -> Any:
    from datasets import load_dataset

    return load_dataset(str(out), name, cache_dir=str(cache), **options)


def rows(dataset: Any) -> int:
    return sum(split.num_rows for split in dataset.values())


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_a_published_version_loads_with_its_splits_columns_and_types(out: Path, cache: Path) -> None:
    manifest = run_fake(make_config(out))
    for dataset in (load(out, cache), load(out, cache, None)):
        assert {name: split.num_rows for name, split in dataset.items()} == {
            split: sum(f.rows for f in manifest.files if (f.config, f.split) == ("excel", split))
            for split in ("train", "validation", "test")
        }
        assert dataset["train"].column_names == list(COLUMNS)
        assert dataset["train"].features["noise_level"].dtype == "float32"
    rejected = load(out, cache, "excel_rejected")["train"]
    ledger = manifest.ledger
    assert rejected.num_rows == sum(ledger["rejected"].values()) + sum(ledger["failed"].values())
    assert set(rejected["reason"]) == {*ledger["rejected"], *ledger["failed"]}
    streamed = load(out, cache, streaming=True)
    assert sum(1 for split in streamed.values() for _ in split) == 40


def test_what_lies_beside_a_published_version_is_never_read(out: Path, cache: Path) -> None:
    run_fake(make_config(out))
    some = decode(next((out / "data/excel").glob("train-*")).read_bytes())
    whole = encode(some)
    for folder in ("", "data", "data/excel", "rejected/excel", "_staging", ".work", "report"):
        place = out / folder
        place.mkdir(exist_ok=True)
        (place / "train-00000-of-00001.parquet").write_bytes(whole)
        (place / "train-00009-of-00009-0123456789ab.parquet").write_bytes(whole)
        (place / "truncated.parquet").write_bytes(whole[: len(whole) // 2])
        (place / "foreign.parquet").write_bytes(encode(some.select(["id"])))
        (place / "empty.parquet").write_bytes(b"")
        (place / "train.csv").write_text("a,b\n1,2\n")
    for number in range(100):
        (out / "data" / f"{number:06d}.json").write_text(json.dumps({"shard": number}))
    assert rows(load(out, cache)) == 40
    assert sum(1 for split in load(out, cache, streaming=True).values() for _ in split) == 40


def test_a_reader_sees_the_new_rows_of_a_new_version_despite_its_cache(out: Path, cache: Path) -> None:
    first = run_fake(fewer(out))
    assert rows(load(out, cache)) == first.ledger["written"]
    second = run_fake(make_config(out))
    assert rows(load(out, cache)) == second.ledger["written"] == 40 > first.ledger["written"]
    assert {file.path for file in first.files}.isdisjoint(published(out)), "the old version's files are removed"


def fewer(out: Path) -> RunConfig:
    """The same run, given up after one shard."""
    return make_config(out, attempts_per_pair=0.6, allow_fewer=True)


@pytest.mark.parametrize("version", ["first", "second"])
def test_a_reader_at_any_moment_of_publishing_sees_a_whole_version_or_a_clear_error(
    version: str, out: Path, cache: Path
) -> None:
    before = run_fake(fewer(out)).ledger["written"] if version == "second" else None
    seen: list[int | str] = []
    storage: WatchedStorage

    def read(number: int) -> None:
        verb, path = storage.accesses[number - 1]
        if verb != "read" and not path.startswith(".work"):
            try:
                seen.extend({rows(load(out, cache)), rows(load(out, cache, None))})
            except (FileNotFoundError, ValueError) as error:
                seen.append(str(error))

    storage = WatchedStorage(str(out), after=read)
    assert run_fake(make_config(out), storage).ledger["written"] == 40
    counts = [count for count in seen if isinstance(count, int)]
    errors = [error for error in seen if isinstance(error, str)]
    assert counts == sorted(counts) and set(counts) == {before, 40} - {None}
    assert all("not-published-yet" in error for error in errors)
    assert bool(errors) == (version == "first")


def test_a_run_that_was_not_published_cannot_be_loaded(out: Path, cache: Path) -> None:
    storage = WatchedStorage(str(out), before=lambda number: stop_at_manifest(storage, number))
    with pytest.raises(KeyboardInterruptOfTest):
        run_fake(make_config(out), storage)
    assert list((out / "data/excel").glob("*.parquet"))
    for name in ("excel", None):
        with pytest.raises(FileNotFoundError, match="not-published-yet"):
            load(out, cache, name)
    run_fake(make_config(out), Storage(str(out)))
    assert rows(load(out, cache)) == 40


class KeyboardInterruptOfTest(BaseException):
    """Passes every handler, as a kill does."""


def stop_at_manifest(storage: WatchedStorage, number: int) -> None:
    if storage.accesses[number - 1] == ("write", "manifest.json"):
        raise KeyboardInterruptOfTest
