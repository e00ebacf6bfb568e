"""Peak memory of the driver and of the largest worker at ten times the pairs, as a ratio.

python tests/benchmarks/memory.py [--pairs 200]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def resident(pid: int) -> tuple[str, int]:
    """Name and peak resident bytes of a process; (“”, 0) once it is gone."""
    try:
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        name = Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0]
        return name, int(fields["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return "", 0


def descendants(pid: int) -> list[int]:
    """All processes below one."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [p for child in children for p in (int(child), *descendants(int(child)))]


def measure(pairs: int) -> dict[str, int]:
    """Peaks, in bytes, of a run of so many pairs with few and cheap steps."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "pipeline", "run", "--language", "excel", "--out", f"{folder}/out",
            "--pairs", str(pairs), "--set", "diffusion.steps=8", "--set", "diffusion.draws=8",
            "--set", "shard_rows=256", "--json",
        ]  # fmt: skip
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        peaks = {"driver": 0, "sampler": 0, "finisher": 0}
        while process.poll() is None:
            peaks["driver"] = max(peaks["driver"], resident(process.pid)[1])
            for pid in descendants(process.pid):
                name, size = resident(pid)
                role = "sampler" if "_Sampler" in name else "finisher" if name.startswith("ray::") else None
                if role:
                    peaks[role] = max(peaks[role], size)
            time.sleep(0.2)
        if process.returncode:
            raise SystemExit(process.stderr.read() if process.stderr else "the run failed")
    return peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=200)
    pairs = parser.parse_args().pairs
    small, large = measure(pairs), measure(10 * pairs)
    print(json.dumps({
        "pairs": [pairs, 10 * pairs],
        "megabytes": {role: [round(small[role] / 1e6), round(large[role] / 1e6)] for role in small},
        "ratio": {role: round(large[role] / small[role], 3) for role in small},
    }))  # fmt: skip


if __name__ == "__main__":
    main()
