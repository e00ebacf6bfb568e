"""The precision of the matrix products of a training: what was asked for, or what is quicker on this machine."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from generators.diffusion.config import Precision, RequestedPrecision

ROWS, GPU_ROWS = 1_024, 16_384  # of the product that is measured: the tokens of a batch
WORTH_IT = 1.3  # times quicker: in bf16 weights and activations are cast besides
NO_BF16 = "a CPU without bf16 instructions"
_DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A precision and why it is taken."""

    precision: Precision
    processor: str  # that it was chosen for
    reason: str


def choose_precision(asked: RequestedPrecision, device: torch.device, width: int) -> Choice:
    """The precision that is asked for; with ``auto``, the quicker one in a product of a model of this width."""
    kind = processor(device)
    if asked != "auto":
        return Choice(precision=asked, processor=kind, reason="requested")
    speeds = {name: product_speed(dtype, device, width) for name, dtype in _DTYPES.items()}
    quicker = speeds["bf16"] > WORTH_IT * speeds["fp32"] and kind != NO_BF16
    return Choice(
        precision="bf16" if quicker else "fp32",
        processor=kind,
        reason=f"measured {speeds['fp32']:,.0f} GFLOP/s in fp32 and {speeds['bf16']:,.0f} in bf16 on {kind}",
    )


def processor(device: torch.device) -> str:
    """The kind of processor, as far as it decides on the precision."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if torch.cpu._is_amx_tile_supported():
        return "a CPU with AMX"
    return "a CPU with AVX512-BF16" if torch.cpu._is_avx512_bf16_supported() else NO_BF16


def product_speed(dtype: torch.dtype, device: torch.device, width: int) -> float:
    """GFLOP/s of the first product of a feed-forward layer: the best of a few calls, in a tenth of a second or so.

    On a CPU by processor time, of a core: other work on the machine changes little.
    """
    on_cpu = device.type == "cpu"
    tokens = ROWS if on_cpu else GPU_ROWS  # a small product tells how fast a GPU is asked, not how fast it computes
    shapes = (tokens, width), (4 * width, width)
    rows, weights = (torch.full(shape, 0.5, dtype=dtype, device=device) for shape in shapes)
    operations = 2 * tokens * width * 4 * width
    clock, calls = (time.process_time, 1) if on_cpu else (time.perf_counter, 200)  # of a GPU, one is too short to time
    best, until = 0.0, clock() + 0.1
    for attempt in range(100):
        start = clock()
        for _ in range(calls):
            rows @ weights.T
        if not on_cpu:
            torch.cuda.synchronize(device)
        if attempt:  # the first one warms up
            best = max(best, calls * operations / max(clock() - start, 1e-9) / 1e9)
        if best and clock() > until:
            break
    return best
