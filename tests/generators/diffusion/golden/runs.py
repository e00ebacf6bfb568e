"""What the golden numbers are of: short trainings of a tiny model, its samples and a gap that it fills.

All in double precision on the CPU's generator of random numbers, so that processors agree to far more digits than are
compared: in single precision they differ in the last of seven, and thirty steps of training make more of that.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from generators.diffusion.checkpoint import Checkpoint, CheckpointConfig
from generators.diffusion.config import ModelConfig, Preset, SamplingConfig, TrainingConfig
from generators.diffusion.data import Batches, Dataset, Tokenizer, frame_counts, prepare
from generators.diffusion.gaps import Canvas, GapFiller
from generators.diffusion.model import CodeDiffusion
from generators.diffusion.sampler import RowNoise, reverse_diffusion
from generators.diffusion.training import Trainer
from schemas.ids import derive_seed
from validators import get_language

FILE = Path(__file__).with_name("numbers.json")
RELATIVE = 1e-6  # the difference that is allowed
DIGITS = 10  # that are stored
OPTIMISERS = ("adamw", "muon")
ETAS = (1.0, 0.0)

_SHAPES = (
    "=SUM({0}:{1})", "={0}+{1}*{2}", '=IF({0}>{1},"up","down")', "=MAX({0},{1})-{2}", "=ROUND({0}/{1},2)",
    "=({0}-{1})^2", '={0}&" "&{1}', "=AND({0}<>{1},{2}>=0)", "=ABS({0})", "=COUNT({0}:{1})/{2}",
)  # fmt: skip
_CELLS = (("A1", "B2", "C3"), ("D4", "D9", "E5"), ("F6", "G7", "H8"), ("B10", "C11", "A12"))
FORMULAS = [shape.format(*cells) for shape, cells in itertools.product(_SHAPES, _CELLS)]
_BROKEN = "=ROUND(A1/B2,2)"  # of which two tokens are taken out

PRESET = Preset(
    model=ModelConfig(
        embedding_dim=8, width=16, heads=2, feedforward=2, denoiser_blocks=1, decoder_blocks=1, min_tokens=8,
        max_tokens=16, frame_step=4, unit_embeddings=True, self_conditioning=True, rotary=True, denoiser_kernel=3,
        decoder_kernel=3, time_frequency=16.0,
    ),
    training=TrainingConfig(
        steps=30, seed=1, batch_tokens=128, learning_rate=1e-2, weight_decay=0.01, warmup_steps=5, padding_weight=0.2,
        gap_rate=0.3, warp=True, warp_every=5, warp_until=20, literals="slots", sketch_cap=0, min_count=1,
        validation_share=0.0,
    ),
    sampling=SamplingConfig(steps=6, feedback="softmax"),
)  # fmt: skip


@contextmanager
def double_precision() -> Iterator[None]:
    """New tensors and weights have double precision."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def corpus() -> Dataset:
    """The formulas as token ids."""
    return prepare(get_language("excel"), FORMULAS, PRESET)


def train(dataset: Dataset, optimiser: str) -> tuple[list[list[float]], CodeDiffusion]:
    """Loss, denoiser's, decoder's part and cross-entropy of each step, and the averaged model."""
    with double_precision():
        training = PRESET.training.model_copy(update={"optimiser": optimiser})
        preset = PRESET.model_copy(update={"training": training})
        trainer = Trainer(preset, Batches(dataset, preset), len(dataset.tokenizer))
        return [step.losses.tolist() for step in trainer.run()], trainer.averaged.eval()


def sample(model: CodeDiffusion, tokenizer: Tokenizer, eta: float) -> dict[str, Any]:
    """Two rows from pure noise: the size of x_t and of the estimate of x_0 at each step, where and at what they end."""
    with double_precision():
        seeds = [derive_seed("golden", row) for row in range(2)]
        noise = RowNoise(seeds, 12, PRESET.model.embedding_dim, torch.device("cpu"))
        sampling = PRESET.sampling.model_copy(update={"eta": eta})
        steps = list(reverse_diffusion(model, noise(), noise, sampling))
    last = steps[-1]
    assert last.tokens_BL is not None and last.x_BLE.dtype == torch.float64
    return {
        "sizes": [[step.x_BLE.norm().item(), step.x0_BLE.norm().item()] for step in steps],
        "x": last.x_BLE.tolist(),
        "tokens": last.tokens_BL.tolist(),
        "texts": [tokenizer.decode(ids, seed) for ids, seed in zip(last.tokens_BL.tolist(), seeds, strict=True)],
    }


def fill(model: CodeDiffusion, dataset: Dataset) -> dict[str, Any]:
    """A gap of two tokens in a formula: the log-probabilities of all words in it, and the likeliest text."""
    tokenizer = dataset.tokenizer
    config = CheckpointConfig(
        language="excel", preset="small", **dict(PRESET), frame_counts=frame_counts(dataset, PRESET),
        trained_steps=PRESET.training.steps, corpus_sha256="0" * 64,
    )  # fmt: skip
    canvas = Canvas.cut(tokenizer.encode(_BROKEN), first=4, removed=2, opened=2)
    with double_precision():
        sampling = PRESET.sampling.model_copy(update={"steps": 3})
        filler = GapFiller(Checkpoint(config=config, model=model, tokenizer=tokenizer), sampling, tile=2)
        (found,) = filler.log_probabilities([canvas], [derive_seed("golden", "gap")])
    tokens = canvas.filled(found.argmax(-1).tolist())
    words = found.isfinite().all(0)  # what a gap is never filled with has none
    return {"log_probabilities": found[:, words].tolist(), "tokens": tokens, "text": tokenizer.decode(tokens)}


def numbers() -> dict[str, Any]:
    """All of them, as they come out now."""
    dataset = corpus()
    trained = {optimiser: train(dataset, optimiser) for optimiser in OPTIMISERS}
    model = trained["adamw"][1]
    return {
        "losses": {optimiser: losses for optimiser, (losses, _) in trained.items()},
        "samples": {f"eta {eta:g}": sample(model, dataset.tokenizer, eta) for eta in ETAS},
        "gap": fill(model, dataset),
    }


def stored() -> dict[str, Any]:
    """All of them, as they were."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def differences(golden: Any, found: Any, place: str = "") -> Iterator[str]:
    """Where two values differ: numbers by more than `RELATIVE`, anything else at all."""
    if isinstance(golden, Mapping) and isinstance(found, Mapping) and golden.keys() == found.keys():
        for name in golden:
            yield from differences(golden[name], found[name], f"{place}/{name}")
    elif isinstance(golden, list) and isinstance(found, list) and len(golden) == len(found):
        for i, pair in enumerate(zip(golden, found, strict=True)):
            yield from differences(*pair, f"{place}/{i}")
    elif isinstance(golden, float) and isinstance(found, float):
        if not math.isclose(golden, found, rel_tol=RELATIVE, abs_tol=1e-9):
            yield f"{place}: {golden!r} was stored, {found!r} came out"
    elif golden != found:
        yield f"{place}: {golden!r} was stored, {found!r} came out"
