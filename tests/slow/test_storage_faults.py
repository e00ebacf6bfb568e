"""The long version of tests/pipeline/run/test_reliability.py: every error everywhere, many kills, and a flaky store."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from pipeline.files.storage import Storage
from schemas.errors import ReportedError
from tests.pipeline.fakes import (
    ERRORS,
    WatchedStorage,
    assert_rerun_publishes,
    at,
    in_child,
    kill,
    make_config,
    published,
    raising,
    run_fake,
)

T = TypeVar("T")


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], int]:
    """What an uninterrupted run publishes, and how often it turns to the storage."""
    out = tmp_path_factory.mktemp("calm")
    storage = WatchedStorage(str(out))
    run_fake(make_config(out), storage)
    return published(out), len(storage.accesses)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("error", ERRORS, ids=["ENOSPC", "EIO", "RuntimeError"])
def test_every_error_at_every_storage_call(
    error: Exception, moment: str, calm: tuple[dict[str, bytes], int], tmp_path: Path
) -> None:
    expected, accesses = calm
    for number in range(1, accesses + 1):
        out = tmp_path / str(number)
        with pytest.raises(ReportedError) as failure:
            run_fake(make_config(out), WatchedStorage(str(out), **{moment: at(number, raising(error))}))
        assert "\n" not in str(failure.value)
        assert_rerun_publishes(out, expected, (moment, error, number))


def test_fifty_runs_killed_twice(calm: tuple[dict[str, bytes], int], tmp_path: Path) -> None:
    expected, accesses = calm
    source = random.Random(1)
    for number in range(50):
        out = tmp_path / str(number)
        for moment in source.choices(["before", "after"], k=2):
            strike = at(source.randrange(1, accesses + 1), kill)
            storage = WatchedStorage(str(out), **{moment: strike})
            in_child(lambda out=out, storage=storage: run_fake(make_config(out), storage))  # type: ignore[misc]
        assert_rerun_publishes(out, expected, number)


def test_two_hundred_runs_killed_at_any_time(calm: tuple[dict[str, bytes], int], tmp_path: Path) -> None:
    import os
    import signal

    expected, _ = calm
    source = random.Random(2)
    killed = 0
    for number in range(200):
        out = tmp_path / str(number)
        child = os.fork()
        if child == 0:
            try:
                run_fake(make_config(out))
            finally:
                os._exit(0)
        time.sleep(source.uniform(0, 0.3))
        os.kill(child, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        assert_rerun_publishes(out, expected, number)
    assert killed > 50


class FlakyStore(Storage):
    """An object store with a bad day: errors, throttles and timeouts, before or after the work was done."""

    delays = (0.0,) * 8

    def __init__(self, uri: str, seed: int) -> None:
        super().__init__(uri)
        self.source = random.Random(seed)

    def access(self, verb: str, path: str, action: Callable[[], T]) -> T:
        fate = self.source.random()
        if fate < 0.25:
            if fate < 0.12:
                action()  # done, but the answer is lost
            raise (OSError(5, "internal error"), OSError(16, "slow down"), TimeoutError("timed out"))[int(fate * 12)]
        return super().access(verb, path, action)


def test_a_hundred_runs_on_a_flaky_object_store(
    calm: tuple[dict[str, bytes], int], caplog: pytest.LogCaptureFixture
) -> None:
    expected, _ = calm
    caplog.set_level(logging.WARNING)
    for seed in range(100):
        config = make_config(f"memory://{uuid.uuid4().hex}")
        run_fake(config, FlakyStore(config.out, seed))
        store = Storage(config.out)
        paths = [path for path in store.list() if not path.startswith(".work")]
        assert {path: store.read(path) for path in paths} == expected, seed
    assert "again in 0 s" in caplog.text
