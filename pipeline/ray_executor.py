"""Shards on Ray: a bounded pool of actors that hold the model, and tasks that parse, filter and write.

Ray only schedules; what a shard is stands in `pipeline.shard`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generators.base import Candidate, Generator
from pipeline.plan import Plan
from pipeline.ray_cluster import connected
from pipeline.shard import finish, sample
from pipeline.storage import Storage
from schemas.config import RunConfig
from schemas.errors import ReportedError, RunError
from schemas.manifest import Receipt

RETRIES = 3  # of a shard whose worker died
PLACEMENT_SECONDS = 600  # an autoscaler may have to start a machine
IN_FLIGHT = 2  # shards an actor: one that it samples and one that waits or is being written


class _Sampler:
    """An actor: loads the model once and samples shards."""

    def __init__(self, config: RunConfig, device: str) -> None:
        from pipeline.generators import build_generator

        self._generator: Generator = build_generator(config, device)
        self._plan = Plan(config)

    def ready(self) -> None:
        """Answers once the model is loaded."""

    def sample(self, shard: int) -> list[Candidate]:
        return sample(self._generator, self._plan, shard)


def _finish(candidates: list[Candidate], config: RunConfig, fingerprint: str, shard: int) -> Receipt:
    return finish(candidates, config, fingerprint, shard, Storage(config.out))


class RayExecutor:
    """Runs shards on the cluster that `connected` gives."""

    def __init__(self, config: RunConfig, fingerprint: str) -> None:
        self._config = config
        self._fingerprint = fingerprint

    def execute(self, shards: Iterator[int]) -> Iterator[Receipt]:
        """Receipts as shards finish, in any order; closing the generator ends what is in flight.

        Raises:
            RunError: a shard failed, or its workers died more often than `RETRIES` times.
        """
        with connected() as ray:
            yield from self._execute(ray, shards)

    def _execute(self, ray: Any, shards: Iterator[int]) -> Iterator[Receipt]:
        config = self._config
        on_gpu = config.device == "cuda" or (config.device == "auto" and ray.cluster_resources().get("GPU", 0) >= 1)
        workers = config.workers or int(ray.cluster_resources().get("GPU" if on_gpu else "CPU", 1)) or 1
        workers = min(workers, Plan(config).max_shards)
        sampler_class = ray.remote(
            num_cpus=1, num_gpus=1 if on_gpu else 0, max_restarts=RETRIES, max_task_retries=RETRIES
        )(_Sampler)
        finish_task = ray.remote(**self._finish_options(ray, on_gpu))(_finish)

        samplers = [sampler_class.remote(config, "cuda" if on_gpu else "cpu") for _ in range(workers)]
        yield from self._schedule(ray, samplers, finish_task, shards)  # samplers end with the connection

    def _schedule(self, ray: Any, samplers: list[Any], finish_task: Any, shards: Iterator[int]) -> Iterator[Receipt]:
        """Keeps every sampler supplied with `IN_FLIGHT` shards."""
        starting = {sampler.ready.remote(): sampler for sampler in samplers}
        pending: dict[Any, tuple[int, Any]] = {}  # receipt to come -> its shard, and who samples it
        exhausted = False
        while pending or (starting and not exhausted):
            timeout = None if pending else PLACEMENT_SECONDS
            done, _ = ray.wait([*starting, *pending], num_returns=1, timeout=timeout)
            if not done:
                raise RunError(
                    f"no sampling worker could be placed in {PLACEMENT_SECONDS} s: each needs a CPU, or a GPU where "
                    f"device is cuda, and the cluster has {ray.cluster_resources()}; set device or start more nodes"
                )
            if done[0] in starting:
                sampler, free = starting.pop(done[0]), IN_FLIGHT
                self._get(ray, done[0], "a sampling worker could not start")
            else:
                (shard, sampler), free = pending.pop(done[0]), 1
                yield self._get(ray, done[0], f"shard {shard} failed on its worker")
            for _ in range(free):
                shard_to_do = next(shards, None)
                if shard_to_do is None:
                    exhausted = True
                    break
                candidates = sampler.sample.remote(shard_to_do)
                reference = finish_task.remote(candidates, self._config, self._fingerprint, shard_to_do)
                pending[reference] = (shard_to_do, sampler)

    def _finish_options(self, ray: Any, on_gpu: bool) -> dict[str, Any]:
        """Parsing is light beside sampling on CPUs, whose workers hold all of them; beside GPUs it gets a core."""
        options: dict[str, Any] = {"num_cpus": 1 if on_gpu else 0, "max_retries": RETRIES}
        if Storage(self._config.out).is_local:  # the driver's disk: other nodes don't see it
            from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

            here = ray.get_runtime_context().get_node_id()
            options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(here, soft=False)
        return options

    @staticmethod
    def _get(ray: Any, reference: Any, what: str) -> Any:
        try:
            return ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, ReportedError):
                raise error.cause from error
            raise RunError(f"{what}: {error.cause!r}; the same command tries again") from error
        except ray.exceptions.RayError as error:
            cause = str(error).strip().splitlines()[0]
            raise RunError(f"{what}: {cause}; the same command tries again") from error
