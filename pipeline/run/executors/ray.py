"""Shards on Ray: a bounded pool of actors that hold the model, and tasks that parse, filter and write.

Ray only schedules; what a shard is stands in `pipeline.run.shard`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from generators.base import Candidate, Generator, Snippet
from pipeline.files.storage import Storage
from pipeline.run.executors.ray_cluster import connected
from pipeline.run.plan import Plan
from pipeline.run.shard import finish, sample
from schemas.config import RunConfig
from schemas.errors import ReportedError, RunError
from schemas.manifest import Receipt

RETRIES = 3  # of a shard whose worker died, and restarts of a worker
PLACEMENT_SECONDS = 600  # an autoscaler may have to start a machine
IN_FLIGHT = 2  # shards an actor: one that it samples and one that waits or is being written


class _Sampler:
    """An actor: loads the model once and samples shards.

    Each call brings a reference to the corpus, in a list so that Ray does not fetch it each time: of a reference
    given to the constructor Ray warns that a restarted actor may miss it.
    """

    def __init__(self, config: RunConfig, device: str) -> None:
        self._config = config
        self._device = device
        self._generator: Generator | None = None

    def ready(self, corpus: list[Any]) -> None:
        """Answers once the model is loaded."""
        self._load(corpus)

    def sample(self, shard: int, corpus: list[Any]) -> list[Candidate]:
        return sample(self._load(corpus), Plan(self._config), shard)

    def _load(self, corpus: list[Any]) -> Generator:
        if self._generator is None:
            import ray

            from pipeline.run.ingredients import build_generator

            self._generator = build_generator(self._config, self._device, ray.get(corpus[0]))
        return self._generator


def _finish(candidates: list[Candidate], config: RunConfig, fingerprint: str, shard: int) -> Receipt:
    return finish(candidates, config, fingerprint, shard, Storage(config.out))


@dataclass(frozen=True, slots=True)
class _Flight:
    """A shard under way, or (shard None) a sampler that is loading its model."""

    sampler: Any
    shard: int | None = None
    failures: int = 0

    @property
    def failure(self) -> str:
        return "a sampling worker could not start" if self.shard is None else f"shard {self.shard} failed on its worker"


class RayExecutor:
    """Runs shards on the cluster that `connected` gives.

    Args:
        config: of the run.
        fingerprint: of its identity.
        snippets: reads and judges the corpus; done once, by the driver, since workers may see other files.
    """

    def __init__(self, config: RunConfig, fingerprint: str, snippets: Callable[[], list[Snippet]] = list) -> None:
        self._config = config
        self._fingerprint = fingerprint
        self._snippets = snippets

    def execute(self, shards: Iterator[int]) -> Iterator[Receipt]:
        """Receipts as shards finish, in any order; closing the generator ends what is in flight.

        Raises:
            RunError: a shard failed, or its workers died more often than `RETRIES` times.
        """
        snippets = self._snippets()  # what is wrong with a corpus is said before a cluster is started
        with connected() as ray:
            yield from self._execute(ray, shards, snippets)

    def _execute(self, ray: Any, shards: Iterator[int], snippets: list[Snippet]) -> Iterator[Receipt]:
        config = self._config
        on_gpu = config.device == "cuda" or (config.device == "auto" and ray.cluster_resources().get("GPU", 0) >= 1)
        workers = config.workers or int(ray.cluster_resources().get("GPU" if on_gpu else "CPU", 1)) or 1
        workers = min(workers, Plan(config).max_shards)
        sampler_class = ray.remote(num_cpus=1, num_gpus=1 if on_gpu else 0, max_restarts=RETRIES)(_Sampler)
        finish_task = ray.remote(**self._finish_options(ray, on_gpu))(_finish)

        corpus = [ray.put(snippets)]

        def launch(flight: _Flight) -> Any:
            candidates = flight.sampler.sample.remote(flight.shard, corpus)
            return finish_task.remote(candidates, config, self._fingerprint, flight.shard)

        samplers = [sampler_class.remote(config, "cuda" if on_gpu else "cpu") for _ in range(workers)]
        flights = {sampler.ready.remote(corpus): _Flight(sampler) for sampler in samplers}
        sampling = False
        while flights:
            done, _ = ray.wait(list(flights), num_returns=1, timeout=None if sampling else PLACEMENT_SECONDS)
            if not done:
                raise RunError(
                    f"no sampling worker could be placed in {PLACEMENT_SECONDS} s: each needs a CPU, or a GPU where "
                    f"device is cuda, and the cluster has {ray.cluster_resources()}; set device or start more nodes"
                )
            flight = flights.pop(done[0])
            receipt = self._result(ray, done[0], flight)
            if flight.shard is not None:
                if receipt is None:  # its worker died; a sampler restarts by itself
                    again = _Flight(flight.sampler, flight.shard, flight.failures + 1)
                    flights[launch(again)] = again
                    continue
                yield receipt
            for shard in islice(shards, IN_FLIGHT if flight.shard is None else 1):
                following = _Flight(flight.sampler, shard)
                flights[launch(following)] = following
            sampling = any(f.shard is not None for f in flights.values())
            if not sampling and flight.shard is not None:
                return  # no shards are left, and samplers that still load are not needed

    def _finish_options(self, ray: Any, on_gpu: bool) -> dict[str, Any]:
        """Parsing is light beside sampling on CPUs, whose workers hold all of them; beside GPUs it gets a core."""
        options: dict[str, Any] = {"num_cpus": 1 if on_gpu else 0, "max_retries": 0}
        if Storage(self._config.out).is_local:  # the driver's disk: other nodes don't see it
            from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

            here = ray.get_runtime_context().get_node_id()
            options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(here, soft=False)
        return options

    @staticmethod
    def _result(ray: Any, reference: Any, flight: _Flight) -> Any:
        """What came back; None where a worker died and the shard may be tried again.

        The retries are ours: Ray's own, cut off when a run has enough, end in complaints on the terminal.
        """
        try:
            return ray.get(reference)
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None) or error
            died = isinstance(cause, ray.exceptions.RayActorError | ray.exceptions.WorkerCrashedError)
            if died and flight.shard is not None and flight.failures < RETRIES:
                return None
            if isinstance(cause, ReportedError):
                raise cause from error
            line = (str(cause).strip().splitlines() or [repr(cause)])[0]
            raise RunError(f"{flight.failure}: {line}; the same command tries again") from error
