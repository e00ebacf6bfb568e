"""A run from its configuration: identity, executor, driver."""

from __future__ import annotations

import os
from typing import Any

from generators.base import Snippet
from pipeline.files.storage import Storage
from pipeline.run.driver import run
from pipeline.run.executors.base import Executor
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.identity import run_identity
from pipeline.run.ingredients import Ingredients, build_generator
from pipeline.run.progress import Report
from schemas.config import RunConfig
from schemas.errors import RequestError
from schemas.manifest import Manifest


def launch(config: RunConfig, report: Report, *, local: bool = False) -> Manifest:
    """Plan, generate, filter, publish; a run that was started goes on, a finished one does nothing.

    Args:
        local: in this process, without Ray; the same bytes.

    Raises:
        RequestError: the configuration, the checkpoint or OUT will not do.
        RunError: the run failed; what is finished stays.
    """
    config = _anchored(config)
    storage = Storage(config.out)
    ingredients = Ingredients(config)
    identity = run_identity(config, ingredients.hashes)

    def snippets() -> list[Snippet]:
        if ingredients.corpus is not None:
            report.message(ingredients.corpus.summary())
        return ingredients.snippets

    executor: Executor
    if config.generator == "gpt4o":
        from pipeline.run.executors.paid import PaidExecutor

        executor = PaidExecutor(snippets, config, identity.fingerprint, storage, report.message)
    elif local:
        executor = LocalExecutor(
            lambda: build_generator(config, snippets=snippets()), config, identity.fingerprint, storage
        )
    else:
        from pipeline.run.executors.ray import RayExecutor

        executor = RayExecutor(config, identity.fingerprint, snippets)
    return run(
        config, storage=storage, identity=identity, executor=executor, report=report, statistics=ingredients.statistics
    )


def estimate(config: RunConfig) -> dict[str, Any]:
    """What a run with a paid service would cost; nothing is sent, and OUT is not touched.

    Returns:
        as `pipeline.run.executors.paid.dry_run`.

    Raises:
        RequestError: the generator is not a paid one, or the corpus will not do.
    """
    if config.generator != "gpt4o":
        raise RequestError(f"generator {config.generator} costs nothing: --dry-run is for gpt4o")
    from pipeline.run.executors.paid import dry_run

    return dry_run(config, Ingredients(config).snippets)


def _anchored(config: RunConfig) -> RunConfig:
    """The configuration with absolute paths: a worker may stand in another folder than the driver."""

    def absolute(path: str | None) -> str | None:
        return path if path is None or "://" in path else os.path.abspath(path)

    values = config.model_dump()
    values["out"], values["checkpoint"] = absolute(config.out), absolute(config.checkpoint)
    values["filters"]["benchmarks"] = tuple(map(absolute, config.filters.benchmarks))
    values["flame"]["weights"] = absolute(config.flame.weights)
    if config.bifi.breaker != "none":
        values["bifi"]["breaker"] = absolute(config.bifi.breaker)
    return RunConfig.model_validate(values)
