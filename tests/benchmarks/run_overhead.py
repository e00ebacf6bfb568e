"""The whole `run` (Ray, sampling, parsing, filtering, writing, publishing) against sampling alone on as many processes.

    python tests/benchmarks/run_overhead.py [--rows 10000] [--sampled-alone 2560]

Sampling alone is timed on fewer rows and scaled: it is linear in them. Loading the model is not counted in it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

SHARD_ROWS = 256


def sample_alone(shards: list[int], ready: object, go: object) -> None:
    """One process's share of the shards, nothing done with the candidates."""
    from pipeline.run.ingredients import build_generator
    from pipeline.run.plan import Plan
    from schemas.config import load_config

    config = load_config(None, [f"shard_rows={SHARD_ROWS}"], {"language": "excel", "pairs": 1, "out": "unused"})
    generator, plan = build_generator(config), Plan(config)
    ready.release()  # type: ignore[attr-defined]
    go.wait()  # type: ignore[attr-defined]
    for shard in shards:
        for _ in generator.generate(plan.shard_seed(shard), plan.rows):
            pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--sampled-alone", type=int, default=2_560)
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    workers = os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    alone_shards = max(workers, given.sampled_alone // SHARD_ROWS)
    processes = [
        context.Process(target=sample_alone, args=(list(range(i, alone_shards, workers)), ready, go))
        for i in range(workers)
    ]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    start = time.perf_counter()
    go.set()
    for process in processes:
        process.join()
    rows_per_second = alone_shards * SHARD_ROWS / (time.perf_counter() - start)

    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "pipeline", "run", "--language", "excel", "--out", f"{folder}/out", "--allow-fewer",
            "--pairs", str(given.rows), "--workers", str(workers), "--set", "attempts_per_pair=1.0",
            "--set", f"shard_rows={SHARD_ROWS}", "--json",
        ]  # fmt: skip
        start = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - start
    sampled = json.loads(done.stdout)["ledger"]["sampled"]
    alone = sampled / rows_per_second
    print(json.dumps({
        "workers": workers, "sampled_rows": sampled, "run_seconds": round(seconds, 1),
        "sampling_alone_seconds": round(alone, 1), "run_over_sampling": round(seconds / alone, 3),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
