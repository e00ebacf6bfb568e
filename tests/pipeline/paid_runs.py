"""A run of the paid generator against the server on loopback, through the driver, in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from generators.base import Snippet
from generators.gpt4o.generator import Gpt4oGenerator
from generators.gpt4o.prompts import prompt_hash
from pipeline.files.storage import Storage
from pipeline.run.driver import run
from pipeline.run.executors.paid import PaidExecutor
from pipeline.run.identity import run_identity
from pipeline.run.plan import Plan
from schemas.config import RunConfig
from schemas.ids import digest
from schemas.manifest import Identity, Manifest
from tests.generators.gpt4o.memory import FAST
from tests.generators.gpt4o.server import FakeServer, body_key
from tests.pipeline.fakes import RecordingReport

CODES = {
    "excel": [f"=SUM(A{n}:B{n + 3})*ROUND(C{n},2)+MAX(D{n},E{n})" for n in range(1, 80)],
    "powershell": [f"Get-ChildItem -Path $root{n} | Where-Object {{ $_.Length -gt ({n} * $size) }}" for n in range(80)],
    "python": [f"def f{n}(values):\n    return sum(g(v, {n}) for v in values[{n}:])\n" for n in range(80)],
}
SNIPPETS = {
    language: [Snippet(code, f"test#{digest(code)[:8]}") for code in codes] for language, codes in CODES.items()
}


def make_config(out: Path | str, url: str, **settings: Any) -> RunConfig:
    """``transport="batch"`` and the like are of the section gpt4o."""
    own = {k: v for k, v in settings.items() if k in RunConfig.model_fields}
    options = {k: v for k, v in settings.items() if k not in RunConfig.model_fields}
    values = {
        "language": "excel", "generator": "gpt4o", "pairs": 20, "shard_rows": 8, "out": str(out),
        "publish": {"keep_rejected": True}, "gpt4o": {**FAST, "base_url": url, **options},
    }  # fmt: skip
    return RunConfig.model_validate(values | own)


def make_identity(config: RunConfig) -> Identity:
    return run_identity(config, {"prompt": prompt_hash(config.language, config.gpt4o), "corpus": "0" * 64})


def make_executor(
    config: RunConfig, storage: Storage | None = None, report: RecordingReport | None = None
) -> PaidExecutor:
    report = report or RecordingReport()
    fingerprint = make_identity(config).fingerprint
    snippets = SNIPPETS[config.language]
    return PaidExecutor(
        lambda: snippets, config, fingerprint, storage or Storage(config.out), report.message, base_delay=0.001
    )


def run_paid(config: RunConfig, storage: Storage | None = None, report: RecordingReport | None = None) -> Manifest:
    storage, report = storage or Storage(config.out), report or RecordingReport()
    executor = make_executor(config, storage, report)
    return run(config, storage=storage, identity=make_identity(config), executor=executor, report=report)


def asked_by(config: RunConfig, server: FakeServer, shards: int) -> dict[str, str]:
    """The server's name of each request of some shards, by the key under which its answer is kept."""
    generator = Gpt4oGenerator(config.language, SNIPPETS[config.language], config.gpt4o, {})
    plan = Plan(config)
    requests = [r for n in range(shards) for r in generator.requests(plan.shard_seed(n), range(plan.rows))]
    return {r.key: body_key(dict(r.body)) for r in requests}
