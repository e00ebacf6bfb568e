"""The reverse process as a generator of steps, from pure noise or from a given point (paper, sections 2.1 and 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from generators.diffusion.config import SamplingConfig
from generators.diffusion.layers import at_least_fp32
from generators.diffusion.model import CodeDiffusion

DecodeWhen = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """State at timestep t of the reverse process; t counts down to 0."""

    t: int
    x_BLE: Tensor
    x0_BLE: Tensor  # the estimate of x_0 that is fed back
    tokens_BL: Tensor | None  # decoded text at t, where it was asked for
    logits_BLV: Tensor | None  # where it was decoded


class RowNoise:
    """Standard normal noise in which a row depends on its own seed and on nothing beside it."""

    def __init__(self, seeds: list[int], length: int, embedding_dim: int, device: torch.device) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._shape = (length, embedding_dim)
        self._device = device

    def __call__(self) -> Tensor:
        """The next draw, shape (B, L, E). Drawn on the CPU, so that every device sees the same."""
        rows = [torch.randn(self._shape, generator=g) for g in self._generators]
        return torch.stack(rows).to(self._device)


@dataclass(frozen=True, slots=True)
class Given:
    """Tokens of a canvas that stay exactly as they are, at level 0, at every step: the way round a gap."""

    mask_BL: Tensor
    x0_BLE: Tensor  # their embeddings; what stands at other places is not looked at

    def keep(self, estimate_BLE: Tensor) -> Tensor:
        """The estimate, with the given tokens in it."""
        return torch.where(self.mask_BL[..., None], self.x0_BLE, estimate_BLE)

    def keep_level(self, level_BL: Tensor) -> Tensor:
        """The level of each token: 0 for those that are given."""
        return torch.where(self.mask_BL, 0.0, level_BL)


def levels(sampling: SamplingConfig, start_B1: Tensor) -> Tensor:
    """The noise level t/T of every row at each of its steps, from 0 to its start; shape (steps + 1, B, 1).

    Without steps there is one level, the start: x_0 is then estimated at once.
    """
    share_S = torch.linspace(0, 1, sampling.steps + 1, device=start_B1.device) ** sampling.time_power
    if not sampling.steps:
        share_S = torch.ones_like(share_S)
    return share_S[:, None, None] * start_B1


@torch.inference_mode()
def reverse_diffusion(
    model: CodeDiffusion,
    x_BLE: Tensor,
    noise: RowNoise,
    sampling: SamplingConfig,
    *,
    start_B1: Tensor | None = None,
    given: Given | None = None,
    decode_when: DecodeWhen = lambda t: True,
) -> Iterator[Step]:
    """Denoise ``x`` from the noise levels ``start`` (default: 1 for each row, where ``x`` is pure noise) to 0.

    Every row takes ``sampling.steps`` steps, however little noise it starts with, so that one pass serves many levels.
    Yields one `Step` for every t from the number of steps to 0, in constant memory. The step at 0 is always decoded:
    its tokens are c_0 = H(D(N(x_0, 0))). Whether others are decoded changes no sample. ``given`` tokens are not
    denoised but held.
    """
    process = model.process
    level_SB1 = levels(sampling, x_BLE.new_ones(x_BLE.shape[0], 1) if start_B1 is None else start_B1)

    def held(estimate_BLE: Tensor) -> Tensor:
        return estimate_BLE if given is None else given.keep(estimate_BLE)

    x_BLE = held(x_BLE)
    previous: Tensor | None = None
    fast = torch.autocast(x_BLE.device.type, torch.bfloat16, enabled=sampling.precision == "bf16")
    for t in range(sampling.steps, -1, -1):
        level_BL = level_SB1[t] if given is None else given.keep_level(level_SB1[t])
        with fast:
            denoised_BLE = held(at_least_fp32(model.denoise(x_BLE, level_BL, previous)))
        previous = denoised_BLE
        wanted = t == 0 or decode_when(t)
        decoded_BLE = logits_BLV = None
        if wanted or sampling.feedback in ("decoder", "softmax"):
            with fast:
                decoded_BLE, logits_BLV = map(at_least_fp32, model.decode(denoised_BLE))
        x0_BLE = held(_estimate(model, sampling, denoised_BLE, decoded_BLE, logits_BLV))
        tokens_BL = logits_BLV.argmax(-1) if wanted and logits_BLV is not None else None
        yield Step(t, x_BLE, x0_BLE, tokens_BL, logits_BLV)
        if t > 0:
            x_BLE = held(process.step(x_BLE, x0_BLE, level_SB1[t], level_SB1[t - 1], sampling.eta, noise()))


def _estimate(
    model: CodeDiffusion, sampling: SamplingConfig, denoised_BLE: Tensor, decoded_BLE: Tensor | None,
    logits_BLV: Tensor | None,
) -> Tensor:  # fmt: skip
    """What stands for x_0 in the update."""
    if sampling.feedback == "decoder" and decoded_BLE is not None:
        return decoded_BLE
    if sampling.feedback == "softmax" and logits_BLV is not None:
        return (logits_BLV / sampling.temperature).softmax(-1) @ model.embeddings()
    if sampling.feedback == "nearest":
        return nearest_embedding(denoised_BLE, model.embeddings())
    return denoised_BLE


def nearest_embedding(x_BLE: Tensor, table_VE: Tensor) -> Tensor:
    """Each position rounded to the closest embedding (the clamp of Li et al., 2022)."""
    closest_BL = torch.cdist(x_BLE, table_VE.expand(x_BLE.shape[0], -1, -1)).argmin(-1)
    return table_VE[closest_BL]
