"""Training steps against the bare matrix products of a step, on one thread, in fp32 and, where the CPU has it, in bf16.

    python tests/benchmarks/training_step.py [--rounds 20]

First it says which precision `training.precision=auto` takes here, and why.

A step's products are those of the forward pass and twice as many of the backward pass: one for the gradient of the
inputs, one for that of the weights. Half of the steps run the denoiser once more, forward, to condition on itself.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # beside this folder, which Python puts there

from denoising_step import Shape, bare, shapes

from generators.diffusion.config import SMALL, Precision, Preset
from generators.diffusion.precision import NO_BF16, choose_precision
from generators.diffusion.training import Trainer

VOCABULARY = 360
PRODUCTS: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}


class Same:
    """The same batch for ever, in place of a corpus."""

    def __init__(self, batch: int, frame: int) -> None:
        self._tokens_BL = torch.randint(3, VOCABULARY, (batch, frame))

    def epoch(self, epoch: int) -> list[torch.Tensor]:
        return [self._tokens_BL] * 100


def step_products(trainer: Trainer, batch: int, frame: int, dtype: torch.dtype) -> list[Callable[[], torch.Tensor]]:
    """The products of two steps, of which one conditions on itself."""
    denoiser, decoder = shapes(trainer.model, batch, frame)
    forward = denoiser + decoder

    def inputs(shape: Shape) -> Shape:
        many, rows, inner, columns = shape
        return many, rows, columns, inner

    def weights(shape: Shape) -> Shape:
        many, rows, inner, columns = shape
        return many, inner, rows, columns

    one = [*forward, *map(inputs, forward), *map(weights, forward)]
    return [bare(shape, dtype) for shape in (*one, *one, *denoiser)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="of ten steps, for each figure")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    choice = choose_precision("auto", torch.device("cpu"), SMALL.model.width)
    print(json.dumps(asdict(choice)), flush=True)
    products = {name: dtype for name, dtype in PRODUCTS.items() if name == "fp32" or choice.processor != NO_BF16}
    tokens = SMALL.training.batch_tokens
    for frame in (8, 16, 32):
        batch = tokens // frame
        seconds: dict[str, float] = {}
        for precision, dtype in products.items():
            training = SMALL.training.model_copy(update={"precision": precision, "warp": False, "steps": 10**9})
            preset = Preset(model=SMALL.model, training=training, sampling=SMALL.sampling)
            trainer = Trainer(preset, Same(batch, frame), VOCABULARY)  # type: ignore[arg-type]
            alone = step_products(trainer, batch, frame, dtype)
            steps = trainer.run()
            figures: list[tuple[float, float]] = []
            for _ in range(rounds):
                start = time.perf_counter()
                for _ in itertools.islice(steps, 10):
                    pass
                middle = time.perf_counter()
                for _ in range(5):
                    for product in alone:
                        product()
                figures.append(((middle - start) / 10, (middle - start) / (time.perf_counter() - middle)))
            seconds[precision] = statistics.median(step for step, _ in figures)
            print(json.dumps({
                "frame": frame, "batch": batch, "precision": precision,
                "tokens_per_second": round(batch * frame / seconds[precision]),
                "step_over_products": round(statistics.median(ratio for _, ratio in figures), 3),
            }), flush=True)  # fmt: skip
        if len(seconds) == len(PRODUCTS):
            ratio = round(seconds["fp32"] / seconds["bf16"], 2)
            print(json.dumps({"frame": frame, "fp32_over_bf16": ratio}), flush=True)


if __name__ == "__main__":
    main()
