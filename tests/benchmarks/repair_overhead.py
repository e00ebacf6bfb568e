"""What a repair costs beside the model's own work: processor time of whole repairs over that of the reverse process.

    python tests/benchmarks/repair_overhead.py --snippets 40 [--canvas fixed]

Snippets are formulas of the bundled corpus, each broken by an operator of FLAME. Whole: verdicts, structure, batching,
the reverse process, texts put back, ranking or vote. The reverse process is timed inside of them, tile by tile, with
what fills the tiles. On one thread.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch

from generators.base import Snippet
from generators.diffusion.checkpoint import find_checkpoint
from generators.flame.generator import FlameGenerator
from generators.flame.weights import load_weights
from pipeline.corpus.building.default import default_corpus
from pipeline.repair.repairer import AnyRepairer, FixedRepairer, Repairer
from schemas.config import FlameOptions
from schemas.ids import derive_seed
from validators import get_language


def broken_formulas(count: int) -> list[str]:
    """Rejected formulas."""
    snippets = [Snippet(code, source or "") for code, source in default_corpus("excel").rows()]
    check = get_language("excel").check
    made = FlameGenerator(snippets, FlameOptions(), load_weights()).generate(derive_seed("benchmark"), 20 * count)
    return list(islice((c.broken for c in made if c.failure is None and not check(c.broken).accepted), count))


class Timed:
    """A function that knows the processor time and the rows of its calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.seconds, self.rows = 0.0, 0

    def __call__(self, rows: Any, *others: Any) -> Any:
        start = time.process_time()
        result = self._function(rows, *others)
        self.seconds += time.process_time() - start
        self.rows += len(rows)
        return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snippets", type=int, default=40)
    parser.add_argument("--canvas", choices=["gaps", "fixed"], default="gaps")
    parser.add_argument("--checkpoint", help="folder; default: the bundled model")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    snippets, folder = broken_formulas(arguments.snippets), find_checkpoint("excel", arguments.checkpoint)
    if arguments.canvas == "gaps":
        repairer: AnyRepairer = (gaps := Repairer(folder, "excel", device="cpu"))
        filler = gaps.operator._filler
        model = filler.log_probabilities = Timed(filler.log_probabilities)  # type: ignore[method-assign]
    else:
        repairer = fixed = FixedRepairer(folder, "excel", samples=1, device="cpu")
        model = fixed.operator._run_tile = Timed(fixed.operator._run_tile)  # type: ignore[method-assign]
    list(repairer(snippets[:1]))  # warm up
    model.seconds, model.rows = 0.0, 0
    start = time.process_time()
    outcomes = Counter(repair.outcome.value for repair in repairer(snippets))
    whole = time.process_time() - start
    figures = {
        "snippets": len(snippets), "canvas": arguments.canvas, "rows": model.rows, "outcomes": dict(outcomes),
        "seconds_whole": round(whole, 1), "seconds_model": round(model.seconds, 1),
        "ratio": round(whole / model.seconds, 3),
    }  # fmt: skip
    print(json.dumps(figures) if arguments.json else ", ".join(f"{key} {value}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
