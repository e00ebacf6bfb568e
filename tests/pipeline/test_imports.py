"""What drives, stores, publishes and verifies a run loads no model library, no cluster and no reader."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "ray", "datasets", "openai", "rich", "typer", "transformers"}
LIGHT = (
    "dataset.publish", "dataset.version", "files.parquet", "files.storage", "inspection.verify", "run.driver",
    "run.executors.local", "run.identity", "run.plan", "run.shard",
)  # fmt: skip


@pytest.mark.parametrize("modules", [LIGHT], ids=["light"])
def test_a_run_is_driven_without_loading_torch_or_ray(modules: tuple[str, ...]) -> None:
    lines = [f"import pipeline.{module}" for module in modules]
    lines.append("import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "pyarrow" in loaded
    assert not HEAVY & loaded
