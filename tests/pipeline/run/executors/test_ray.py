"""Real Ray: the cluster only schedules, so whoever computes, the published bytes are the same."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.run.launch import launch
from pipeline.run.progress import SilentReport
from schemas.config import RunConfig, load_config
from schemas.errors import RunError
from schemas.manifest import Receipt

SETTINGS = ("diffusion.steps=8", "diffusion.draws=2", "diffusion.tile=8", "shard_rows=32")


def config(out: Path, workers: int, **more: Any) -> RunConfig:
    return load_config(
        None, SETTINGS, {"language": "excel", "pairs": 40, "seed": 7, "out": str(out), "workers": workers, **more}
    )


def published(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".work" not in path.parts
    }


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Ray cluster of four (counted, not real) cores on this machine, found through RAY_ADDRESS."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 4, "object_store_memory": 150 * 1024**2})
    before = os.environ.get("RAY_ADDRESS")
    os.environ["RAY_ADDRESS"] = cluster.address
    yield
    if before is None:
        del os.environ["RAY_ADDRESS"]
    else:
        os.environ["RAY_ADDRESS"] = before
    cluster.shutdown()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run without Ray publishes."""
    out = tmp_path_factory.mktemp("local") / "out"
    launch(config(out, 1), SilentReport(), local=True)
    files = published(out)
    assert any(name.endswith(".parquet") for name in files)
    return files


class KillsAWorker(SilentReport):
    """Kills one of the cluster's sampling processes when the first shard is done."""

    def __init__(self) -> None:
        self.killed: list[int] = []

    def shard_done(self, receipt: Receipt, prefix_pairs: int, target: int) -> None:
        from ray.util.state import list_actors

        if not self.killed:
            alive = list_actors(filters=[("class_name", "=", "_Sampler"), ("state", "=", "ALIVE")])
            self.killed = [actor.pid for actor in alive][:1]
            os.kill(self.killed[0], signal.SIGKILL)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_publishes_the_same_bytes(
    cluster: None, expected: dict[str, bytes], tmp_path: Path, workers: int
) -> None:
    out = tmp_path / "out"
    launch(config(out, workers), SilentReport())
    assert published(out) == expected


def test_a_killed_worker_changes_nothing_of_what_is_published(
    cluster: None, expected: dict[str, bytes], tmp_path: Path
) -> None:
    out, killer = tmp_path / "out", KillsAWorker()
    launch(config(out, 2), killer)
    assert killer.killed
    assert published(out) == expected


def test_a_baselines_workers_get_the_drivers_corpus_again_when_they_are_restarted(
    cluster: None, tmp_path: Path
) -> None:
    def flame(name: str) -> RunConfig:
        more = {"generator": "flame", "pairs": 1_500, "shard_rows": 128}
        return config(tmp_path / name, 2, **more)

    launch(flame("local"), SilentReport(), local=True)
    killer = KillsAWorker()
    launch(flame("ray"), killer)
    assert killer.killed
    assert published(tmp_path / "ray") == published(tmp_path / "local")


def test_a_worker_that_cannot_load_its_model_is_reported_in_one_line(
    cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.run.executors import ray as ray_executor

    class Broken(ray_executor._Sampler):
        def __init__(self, config: RunConfig, device: str) -> None:
            raise RuntimeError("out of memory")

    monkeypatch.setattr(ray_executor, "_Sampler", Broken)
    started = time.monotonic()
    with pytest.raises(RunError, match=r"sampling worker could not start.*same command") as raised:
        launch(config(tmp_path / "out", 1), SilentReport())
    assert "\n" not in str(raised.value)
    assert time.monotonic() - started < 120  # it does not wait for a worker that will never come
