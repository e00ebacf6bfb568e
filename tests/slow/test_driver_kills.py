"""A driver on real Ray that is killed or interrupted, then started again: the published bytes are those of a calm run.

python -m pytest tests/slow/test_driver_kills.py
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [
    sys.executable, "-m", "pipeline", "run", "--language", "excel", "--pairs", "120", "--seed", "11",
    "--set", "diffusion.steps=16", "--set", "diffusion.draws=4", "--set", "shard_rows=128",
]  # fmt: skip


def files(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".work" not in path.parts
    }


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("calm") / "out"
    subprocess.run([*COMMAND, "--out", str(out), "--local"], check=True, capture_output=True)
    return files(out)


@pytest.mark.parametrize("seed", range(6))
def test_a_driver_killed_at_a_random_moment_loses_and_doubles_nothing(
    seed: int, calm: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    rng = random.Random(seed)
    for _ in range(2):  # the second kill falls into the recovery from the first
        process = subprocess.Popen([*COMMAND, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(1, 40))
        process.kill()
        process.wait()
    finished = subprocess.run([*COMMAND, "--out", str(out)], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert files(out) == calm


def test_an_interrupt_stops_cleanly_and_the_same_command_resumes(calm: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen([*COMMAND, "--out", str(out)], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(out.glob(".work/shards/*.json")) and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the same command resumes" in errors and "Traceback" not in errors
    resumed = subprocess.run([*COMMAND, "--out", str(out)], capture_output=True, text=True)
    assert resumed.returncode == 0 and "resuming" in resumed.stderr
    assert files(out) == calm
