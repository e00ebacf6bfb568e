"""One denoising step of the sampler against the bare matrix products of the same shapes, on one thread.

    python tests/benchmarks/denoising_step.py [--rounds 20]

Also prints what decoding costs: every step against the selected ones.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from generators.diffusion.config import SMALL
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.sampler import RowNoise, reverse_diffusion

VOCABULARY = 360
TILE = 32


def products(model: CodeDiffusion, batch: int, frame: int) -> list[Callable[[], torch.Tensor]]:
    """Every matrix product of one step of the sampler: the model's, and softmax times embeddings."""
    denoiser, decoder = shapes(model, batch, frame)
    return [bare(shape) for shape in (*denoiser, *decoder, (1, batch * frame, VOCABULARY, model.config.embedding_dim))]


Shape = tuple[int, int, int, int]  # how many at once, rows, inner, columns


def shapes(model: CodeDiffusion, batch: int, frame: int) -> tuple[list[Shape], list[Shape]]:
    """The matrix products of denoiser, and of decoder and head: projections, stems, attention, feed-forward."""
    c = model.config
    tokens, head = batch * frame, c.width // c.heads

    def block() -> list[Shape]:
        wide = c.feedforward * c.width
        attention = [(batch * c.heads, frame, head, frame), (batch * c.heads, frame, frame, head)]
        projections = [(c.width, 3 * c.width), (c.width, c.width), (c.width, wide), (wide, c.width)]
        return [*((1, tokens, inner, columns) for inner, columns in projections), *attention]

    def stack(inputs: int, blocks: int, kernel: int) -> list[Shape]:
        stem = [(1, tokens, kernel * c.width, c.width)] if kernel else []
        inner = [p for _ in range(blocks) for p in block()]
        return [(1, tokens, inputs, c.width), *stem, *inner, (1, tokens, c.width, c.embedding_dim)]

    doubled = c.embedding_dim * (2 if c.self_conditioning else 1)
    return (
        stack(doubled, c.denoiser_blocks, c.denoiser_kernel),
        [
            *stack(c.embedding_dim, c.decoder_blocks, c.decoder_kernel),
            (1, tokens, c.embedding_dim, len(model.embedding.weight)),
        ],
    )


def bare(shape: Shape, dtype: torch.dtype = torch.float32) -> Callable[[], torch.Tensor]:
    """One product of the shape, as nothing but a call."""
    many, rows, inner, columns = shape
    a, b = torch.randn(many, rows, inner, dtype=dtype), torch.randn(many, inner, columns, dtype=dtype)
    left, right = a[0], b[0]
    return (lambda: left @ right) if many == 1 else (lambda: torch.bmm(a, b))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = CodeDiffusion(SMALL.model, VOCABULARY).eval()
    steps = SMALL.sampling.steps + 1
    for frame in (8, 16, 32):
        ratios, decode_ratios, step_ms = [], [], []
        alone = products(model, TILE, frame)

        def sample(every: bool, frame: int = frame) -> float:
            noise = RowNoise(list(range(TILE)), frame, SMALL.model.embedding_dim, torch.device("cpu"))
            x = noise()
            start = time.perf_counter()
            for _ in reverse_diffusion(model, x, noise, SMALL.sampling, decode_when=lambda t: every):
                pass
            return time.perf_counter() - start

        for _ in range(rounds):
            selected = sample(every=False)
            with torch.inference_mode():
                start = time.perf_counter()
                for _ in range(steps):
                    for product in alone:
                        product()
                products_time = time.perf_counter() - start
            ratios.append(selected / products_time)
            decode_ratios.append(sample(every=True) / selected)
            step_ms.append(1000 * selected / steps)
        print(json.dumps({
            "frame": frame, "tile": TILE, "step_ms": round(statistics.median(step_ms), 2),
            "step_over_products": round(statistics.median(ratios), 3),
            "decode_all_over_selected": round(statistics.median(decode_ratios), 3),
            "trajectories_per_second": round(TILE / (statistics.median(step_ms) / 1000 * steps), 1),
        }))  # fmt: skip


if __name__ == "__main__":
    main()
