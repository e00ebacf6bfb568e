"""What a training step draws: noise levels, noise, and which tokens are noised. All follows from one seed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from generators.diffusion.config import PAD, ModelConfig, TrainingConfig

GAP = 3  # tokens of the longest gap that is trained


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """The draws of one step, on the device of its batch."""

    level_B1: Tensor
    noise_BLE: Tensor
    self_condition: bool
    noised_BL: Tensor | None  # None: all


def draw(
    tokens_BL: Tensor, keyword_BL: Tensor | None, model: ModelConfig, settings: TrainingConfig, seed: int
) -> Draws:
    """The draws for a batch; ``keyword_BL`` are its keywords, which paragraph denoising needs.

    Draws on the batch's own device, so that nothing is waited for: a GPU draws other numbers than a CPU.
    """
    B, L = tokens_BL.shape
    device = tokens_BL.device
    rng = torch.Generator(device).manual_seed(seed)
    here = rng if device.type == "cpu" else torch.Generator().manual_seed(seed)  # for what Python decides on
    # low-discrepancy t: one draw for the batch, spread evenly, in random order
    spread_B = (torch.rand(1, generator=rng, device=device) + torch.arange(B, device=device) / B) % 1
    level_B = spread_B[torch.randperm(B, generator=rng, device=device)]
    if (T := model.num_timesteps) > 0:
        level_B = ((level_B * T).floor() + 1) / T
    noise_BLE = torch.randn(B, L, model.embedding_dim, generator=rng, device=device)
    chance = float(torch.rand(1, generator=here))
    return Draws(
        level_B1=level_B[:, None],
        noise_BLE=noise_BLE,
        self_condition=model.self_conditioning and chance < settings.self_conditioning_rate,
        noised_BL=_noised(tokens_BL, keyword_BL, settings, rng),
    )


def _noised(
    tokens_BL: Tensor, keyword_BL: Tensor | None, settings: TrainingConfig, rng: torch.Generator
) -> Tensor | None:
    """The tokens to noise; None: all.

    In a drawn share of the rows these are the keywords alone, where there are any (paragraph denoising), in another
    share up to `GAP` neighbours anywhere.
    """
    B, L = tokens_BL.shape
    device = tokens_BL.device
    noised_BL = None
    if keyword_BL is not None:
        drawn_B = torch.rand(B, generator=rng, device=device) < settings.paragraph_denoising
        noised_BL = keyword_BL | ~(drawn_B & keyword_BL.any(1))[:, None]
    if settings.gap_rate:
        length_B = (tokens_BL != PAD).sum(1)
        width_B = torch.randint(1, GAP + 1, (B,), generator=rng, device=device)
        first_B = (torch.rand(B, generator=rng, device=device) * length_B).long()
        place_L = torch.arange(L, device=device)
        gap_BL = (place_L >= first_B[:, None]) & (place_L < (first_B + width_B)[:, None])
        drawn_B1 = (torch.rand(B, generator=rng, device=device) < settings.gap_rate)[:, None]
        gap_BL = gap_BL | ~drawn_B1
        noised_BL = gap_BL if noised_BL is None else torch.where(drawn_B1, gap_BL, noised_BL)
    return noised_BL
