"""What a repair costs beside the sampler's own work: whole repairs over the bare reverse process of as many rows.

    python tests/benchmarks/repair_overhead.py --snippets 1000

Snippets are formulas of the bundled corpus, each broken by an operator of FLAME. Whole: verdicts, shrinking, batching,
the reverse process, literals put back, vote. Bare: the reverse process of the same number of rows of each frame in full
tiles. The two take turns in one process, on one thread.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import Counter, deque
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch

from generators.base import Snippet
from generators.diffusion.checkpoint import find_checkpoint
from generators.diffusion.repair import ROOM
from generators.diffusion.sampler import RowNoise, reverse_diffusion
from generators.flame.generator import FlameGenerator
from generators.flame.weights import load_weights
from pipeline.corpus.default import default_corpus
from pipeline.repair import Repairer
from schemas.config import FlameOptions
from schemas.ids import derive_seed
from validators import get_language

TILE = 32


def broken_formulas(count: int) -> list[str]:
    """Rejected formulas that the model can hold."""
    snippets = [Snippet(code, source or "") for code, source in default_corpus("excel").rows()]
    check = get_language("excel").check
    made = FlameGenerator(snippets, FlameOptions(), load_weights()).generate(derive_seed("benchmark"), 20 * count)
    return list(islice((c.broken for c in made if c.failure is None and not check(c.broken).accepted), count))


def bare(repairer: Repairer, rows_by_frame: Counter[int]) -> float:
    """Seconds of the reverse process alone."""
    operator = repairer.operator
    width, device = operator._config.embedding_dim, operator._device
    start = time.perf_counter()
    for frame, rows in rows_by_frame.items():
        for tile in range(math.ceil(rows / TILE)):
            noise = RowNoise(list(range(tile * TILE, (tile + 1) * TILE)), frame, width, device)
            levels = torch.tensor([repairer.levels[i % len(repairer.levels)] for i in range(TILE)])
            deque(
                reverse_diffusion(
                    operator._model, noise(), noise, operator._sampling, start_B=levels, decode_when=lambda t: False
                ),
                maxlen=1,
            )
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snippets", type=int, default=1_000)
    parser.add_argument("--samples", type=int, default=1, help="of each of the nine levels")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    snippets = broken_formulas(arguments.snippets)
    repairer = Repairer(find_checkpoint("excel", None), "excel", samples=arguments.samples, device="cpu")
    operator = repairer.operator
    rows: Counter[int] = Counter()
    for code in snippets:
        source = operator._source(code)
        if source is not None:
            rows[operator._config.frame(len(source.ids) + ROOM)] += len(repairer.levels) * arguments.samples
    bare(repairer, Counter({frame: TILE for frame in rows}))  # warm up
    half = Counter({frame: count // 2 for frame, count in rows.items()})
    alone = bare(repairer, half)
    start = time.perf_counter()
    outcomes = Counter(repair.outcome.value for repair in repairer(snippets))
    whole = time.perf_counter() - start
    alone += bare(repairer, rows - half)
    figures = {
        "snippets": len(snippets), "levels": len(repairer.levels), "rows": rows.total(), "outcomes": dict(outcomes),
        "seconds_whole": round(whole, 1), "seconds_sampler": round(alone, 1), "ratio": round(whole / alone, 3),
    }  # fmt: skip
    print(json.dumps(figures) if arguments.json else ", ".join(f"{key} {value}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
